/// Writes `Encodable` values as JSON text, keys sorted: the same value gives the same text, and every number in it is read back
/// to the last bit.
///
/// Every step of every strategy is written like this before its orders may leave. Foundation's encoder, which can do more, takes
/// about one and a half times as long.
package enum JSONTextEncoder {
    /// - Throws: `EncodingError` for a number that is infinite or undefined.
    package static func text(of value: some Encodable) throws -> String {
        let writer = JSONWriter(path: [])
        try writer.put(value)
        return String(decoding: writer.text.finish(), as: UTF8.self)
    }
}
