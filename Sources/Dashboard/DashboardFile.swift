/// One file of the dashboard, as it is in `Files`, embedded in the binary.
package struct DashboardFile: Sendable {
    package let bytes: [UInt8]
    package let mediaType: String

    init(_ bytes: [UInt8], _ mediaType: String) {
        self.bytes = bytes
        self.mediaType = mediaType
    }
}
