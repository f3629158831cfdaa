/// One file of the dashboard, as it is in `Files`, embedded in the binary.
package struct DashboardFile: Sendable {
    package let bytes: [UInt8]
    package let mediaType: String
    /// An entity tag: another one for other bytes.
    package let tag: String

    init(_ bytes: [UInt8], _ mediaType: String) {
        self.bytes = bytes
        self.mediaType = mediaType
        // FNV-1a: it has to tell versions apart, not to withstand anybody.
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        tag = "\"\(String(hash, radix: 16))\""
    }
}
