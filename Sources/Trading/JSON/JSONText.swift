import FoundationEssentials

/// JSON text that is being written, one value after the other, into one buffer.
///
/// A value of the encoder's own: it checks no access to its parts while it runs, as a class would.
struct JSONText {
    /// A value that is not complete yet.
    struct Frame {
        enum Kind { case scalar, object, array }

        fileprivate(set) var kind = Kind.scalar
        /// Elements so far.
        fileprivate(set) var count = 0
        /// Where its text begins.
        fileprivate let start: Int
        /// Where its parts begin.
        fileprivate let firstPart: Int
    }

    /// A member of an object; or an element of an array that has a writer of its own.
    private struct Part {
        let key: String
        let start: Int
        /// Where its text ends, and what its own writer has begins.
        var end: Int
        var writer: JSONWriter?
    }

    private(set) var path: [any CodingKey]
    private(set) var frame = Frame(start: 0, firstPart: 0)
    private var bytes: [UInt8] = []
    /// Of all values that are not complete yet: the outermost first.
    private var parts: [Part] = []

    init(path: [any CodingKey]) {
        self.path = path
        bytes.reserveCapacity(1_024)
    }

    /// The whole of it.
    mutating func finish() -> [UInt8] {
        complete()
        return bytes
    }

    // MARK: Parts

    /// The present value is one of this kind.
    mutating func become(_ kind: Frame.Kind) {
        precondition(frame.kind == kind || bytes.count == frame.start, "two kinds of containers for one value")
        frame.kind = kind
    }

    mutating func member(_ key: some CodingKey, _ write: (inout JSONText) throws -> Void) rethrows {
        begin(key)
        defer { parts[parts.count - 1].end = bytes.count }
        try write(&self)
    }

    mutating func element(_ write: (inout JSONText) throws -> Void) rethrows {
        begin()
        try write(&self)
    }

    /// The next member becomes the present value, until ``close(_:isMember:)``. Returns the one that has been it.
    mutating func open(_ key: some CodingKey) -> Frame {
        begin(key)
        path.append(key)
        return open()
    }

    /// The next element becomes the present value, until ``close(_:isMember:)``. Returns the one that has been it.
    mutating func openElement() -> Frame {
        begin()
        return open()
    }

    private mutating func open() -> Frame {
        let outer = frame
        frame = Frame(start: bytes.count, firstPart: parts.count)
        return outer
    }

    mutating func close(_ outer: Frame, isMember: Bool) {
        complete()
        frame = outer
        guard isMember else { return }
        path.removeLast()
        parts[parts.count - 1].end = bytes.count
    }

    /// The present value could not be written: whoever goes on nevertheless has null there.
    mutating func clear() {
        bytes.removeLast(bytes.count - frame.start)
        parts.removeLast(parts.count - frame.firstPart)
        frame.kind = .scalar
    }

    /// For a member that is written by and by.
    mutating func member(_ key: some CodingKey) -> JSONWriter {
        begin(key)
        return ownWriter(path + [key])
    }

    /// For an element that is written by and by.
    mutating func element() -> JSONWriter {
        begin()
        parts.append(Part(key: "", start: bytes.count, end: bytes.count))
        return ownWriter(path)
    }

    private mutating func ownWriter(_ path: [any CodingKey]) -> JSONWriter {
        let writer = JSONWriter(path: path)
        parts[parts.count - 1].end = bytes.count
        parts[parts.count - 1].writer = writer
        return writer
    }

    private mutating func begin(_ key: some CodingKey) {
        let key = key.stringValue
        parts.append(Part(key: key, start: bytes.count, end: bytes.count))
        bytes.append(UInt8(ascii: ","))
        set(key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func begin() {
        frame.count += 1
        bytes.append(UInt8(ascii: ","))
    }

    private mutating func complete() {
        switch frame.kind {
        case .scalar: if bytes.count == frame.start { setNothing() }
        case .object:
            sort()
            end(UInt8(ascii: "{"), UInt8(ascii: "}"))
        case .array:
            for part in parts[frame.firstPart...].reversed() {
                bytes.insert(contentsOf: part.writer?.text.finish() ?? [], at: part.end)
            }
            end(UInt8(ascii: "["), UInt8(ascii: "]"))
        }
        parts.removeLast(parts.count - frame.firstPart)
    }

    /// The comma before the first part gives way.
    private mutating func end(_ opening: UInt8, _ closing: UInt8) {
        if bytes.count == frame.start { bytes.append(opening) } else { bytes[frame.start] = opening }
        bytes.append(closing)
    }

    private mutating func sort() {
        let members = parts[frame.firstPart...].sorted { $0.key < $1.key }
        let text = Array(bytes[frame.start...])
        bytes.removeLast(text.count)
        for member in members {
            bytes += text[(member.start - frame.start)..<(member.end - frame.start)]
            if let writer = member.writer { bytes += writer.text.finish() }
        }
    }

    // MARK: Values

    mutating func setNothing() { bytes += "null".utf8 }

    mutating func set(_ value: Bool) { bytes += (value ? "true" : "false").utf8 }

    mutating func set(_ number: Double, _ key: (any CodingKey)? = nil) throws {
        guard number.isFinite else {
            setNothing()
            let path = path + (key.map { [$0] } ?? [])
            let context = EncodingError.Context(codingPath: path, debugDescription: "JSON has no \(number)")
            throw EncodingError.invalidValue(number, context)
        }
        // The shortest text that is read back as the same number; the sign of zero is a part of it.
        bytes += number.description.utf8
        if bytes.suffix(2).elementsEqual(".0".utf8) { bytes.removeLast(2) }
    }

    mutating func set(_ number: Decimal) { bytes += number.description.utf8 }

    mutating func set(integer number: some BinaryInteger) { bytes += number.description.utf8 }

    /// With escapes where they must be (RFC 8259, section 7).
    mutating func set(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes += text.utf8
        } else {
            escape(text)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
    }
}
