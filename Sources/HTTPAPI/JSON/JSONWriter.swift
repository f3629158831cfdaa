import Trading

/// Writes JSON members in the order in which they are told, straight into bytes.
///
/// Amounts become strings, so that no client reads them as binary floating point; moments RFC 3339.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether a comma is due before the next member or element.
    private var commaDue = false

    static func object(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(write)
        return writer.bytes
    }

    mutating func object(_ write: (inout JSONWriter) -> Void) {
        enclosed(UInt8(ascii: "{"), UInt8(ascii: "}"), write)
    }

    mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        enclosed(UInt8(ascii: "["), UInt8(ascii: "]")) { writer in
            for element in elements {
                writer.separate()
                write(&writer, element)
                writer.commaDue = true
            }
        }
    }

    // MARK: Members of an object

    mutating func member(_ key: String, _ write: (inout JSONWriter) -> Void) {
        separate()
        string(key)
        bytes.append(UInt8(ascii: ":"))
        write(&self)
        commaDue = true
    }

    mutating func member(_ key: String, _ value: String?) {
        member(key) { writer in value.map { writer.string($0) } ?? writer.null() }
    }

    mutating func member(_ key: String, _ value: (some BinaryInteger)?) {
        member(key) { writer in value.map { writer.raw($0.description) } ?? writer.null() }
    }

    mutating func member(_ key: String, _ value: Bool) {
        member(key) { $0.raw(value ? "true" : "false") }
    }

    mutating func member(_ key: String, _ value: FixedDecimal?) {
        member(key, value?.description)
    }

    mutating func member(_ key: String, _ value: Timestamp?) {
        member(key, value?.description)
    }

    /// - Parameter json: Valid JSON, as it comes from the database.
    mutating func member(_ key: String, json: String) {
        member(key) { $0.raw(json) }
    }

    mutating func member(_ key: String, texts: [String]) {
        member(key) { $0.array(texts) { $0.string($1) } }
    }

    // MARK: Values

    mutating func null() { raw("null") }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case 0x0A: raw("\\n")
            case 0x0D: raw("\\r")
            case 0x09: raw("\\t")
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                raw("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func separate() {
        if commaDue { bytes.append(UInt8(ascii: ",")) }
        commaDue = false
    }

    private mutating func enclosed(_ opening: UInt8, _ closing: UInt8, _ write: (inout JSONWriter) -> Void) {
        bytes.append(opening)
        commaDue = false
        write(&self)
        bytes.append(closing)
        commaDue = true
    }
}
