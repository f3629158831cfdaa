import FoundationEssentials

/// Reads one JSON text (RFC 8259), strictly, and says where it is wrong.
///
/// Stricter than the RFC must be in three ways, each of which would otherwise lose something silently: a key may occur only
/// once in an object, numbers must be exact in 38 digits, and strings hold no NUL and no half of a surrogate pair (the
/// database could not store them).
struct JSONParser<Value: JSONTree> {
    /// Arrays and objects within each other; protects the stack.
    static var deepest: Int { 64 }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Throws: ``JSONSyntaxError``.
    static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> Value {
        var parser = JSONParser(bytes)
        parser.skipBlanks()
        let value = try parser.value()
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.failure("nothing may follow the value") }
        return value
    }

    private mutating func value() throws(JSONSyntaxError) -> Value {
        guard let byte = peek else { throw failure("the text ends where a value was expected") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw failure("a value was expected: an object, array, string, number, true, false or null")
        }
    }

    private mutating func descend() throws(JSONSyntaxError) {
        guard depth < Self.deepest else { throw failure("more than \(Self.deepest) levels of nesting") }
        depth += 1
        position += 1
        skipBlanks()
    }

    private mutating func object() throws(JSONSyntaxError) -> [String: Value] {
        try descend()
        defer { depth -= 1 }
        var members: [String: Value] = [:]
        if take(UInt8(ascii: "}")) { return members }
        while true {
            guard peek == UInt8(ascii: "\"") else { throw failure("a key in double quotes was expected") }
            let start = position
            let key = try string()
            let isSecond: Bool
            do throws(JSONSyntaxError) {
                isSecond = members.updateValue(try member(), forKey: key) != nil
            } catch {
                // Of two mistakes the first is told.
                guard members[key] != nil else { throw error }
                isSecond = true
            }
            guard !isSecond else {
                position = start
                throw failure("the key occurs a second time in this object")
            }
            skipBlanks()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw failure("a comma or the end of the object was expected") }
            skipBlanks()
        }
    }

    /// What follows a key.
    private mutating func member() throws(JSONSyntaxError) -> Value {
        skipBlanks()
        guard take(UInt8(ascii: ":")) else { throw failure("a colon was expected after the key") }
        skipBlanks()
        return try value()
    }

    private mutating func array() throws(JSONSyntaxError) -> [Value] {
        try descend()
        defer { depth -= 1 }
        var elements: [Value] = []
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value())
            skipBlanks()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw failure("a comma or the end of the array was expected") }
            skipBlanks()
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> Value {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let first = position
        if !take(UInt8(ascii: "0")) { try digits("a digit was expected") }
        let whole = first..<position
        if take(UInt8(ascii: ".")) { try digits("a digit was expected after the point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits("a digit was expected in the exponent")
        }
        // Most are short whole numbers. (A zero may have a sign, which binary numbers keep.)
        if whole.upperBound == position, whole.count <= 18 {
            let magnitude = bytes[whole].reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            if !isNegative || magnitude != 0 { return .whole(isNegative ? -magnitude : magnitude) }
        }
        guard let number = Value.number(bytes[start..<position]) else {
            position = start
            throw failure("a number of this size cannot be kept exactly")
        }
        return number
    }

    private mutating func digits(_ expectation: String) throws(JSONSyntaxError) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure(expectation) }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        let opening = position
        position += 1
        // Most have no escapes. In one that has, `plain` is where what has not been taken over begins.
        var plain = position
        var content: ArraySlice<UInt8> = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                let rest = bytes[plain..<position]
                position += 1
                let text = content.isEmpty ? rest : content + rest
                // It throws for nothing else.
                guard let valid = try? UTF8Span(validating: text.span) else {
                    position = opening
                    throw failure("the string is not valid UTF-8")
                }
                return String(copying: valid)
            case UInt8(ascii: "\\"):
                content += bytes[plain..<position]
                let scalar = try escape()
                if scalar.isASCII {
                    content.append(UInt8(scalar.value))
                } else {
                    content += Character(scalar).utf8
                }
                plain = position
            case 0..<0x20: throw failure("a control character must be written as an escape, like \\n")
            default: position += 1
            }
        }
        throw failure("the text ends within a string")
    }

    private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let byte = peek else { throw failure("the text ends within a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default:
            position = start
            throw failure("there is no such escape")
        }
        var code = try hexadecimal()
        if (0xD800...0xDBFF).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try hexadecimal()
            code = (0xDC00...0xDFFF).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : 0xD800
        }
        guard code != 0, let scalar = Unicode.Scalar(code) else {
            position = start
            throw failure(code == 0 ? "the character U+0000 is not allowed" : "half of a surrogate pair")
        }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("four hexadecimal digits were expected after \\u")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func word(_ word: StaticString, _ value: Value) throws(JSONSyntaxError) -> Value {
        guard word.withUTF8Buffer({ bytes[position...].starts(with: $0) }) else {
            throw failure("\(word) was expected")
        }
        position += word.utf8CodeUnitCount
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(_ message: String) -> JSONSyntaxError {
        let before = bytes.prefix(position)
        let line = 1 + before.count { $0 == 0x0A }
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(line: line, column: position - lineStart + 1, message: message)
    }
}
