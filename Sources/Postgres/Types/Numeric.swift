extension PostgresValue {
    /// A numeric as the server itself would print it, exact, with its scale.
    ///
    /// Binary form: count of base-10,000 digits, weight of the first, sign, digits after the point, the digits.
    func numericText() throws(PostgresDecodingFailure) -> String {
        let bytes = try required()
        guard bytes.count >= 8, bytes.count % 2 == 0 else { throw .malformed }
        func word(_ index: Int) -> UInt16 {
            UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        }
        let count = Int(word(0))
        let weight = Int(Int16(bitPattern: word(1)))
        let sign = word(2)
        let scale = Int(word(3))
        switch sign {
        case 0x0000, 0x4000: break
        case 0xC000: return "NaN"
        case 0xD000: return "Infinity"
        case 0xF000: return "-Infinity"
        default: throw .malformed
        }
        guard bytes.count == 8 + 2 * count else { throw .malformed }

        func digits(_ group: Int) throws(PostgresDecodingFailure) -> String {
            guard group >= 0, group < count else { return "0000" }
            let value = word(4 + group)
            guard value < 10_000 else { throw .malformed }
            let text = String(value)
            return String(repeating: "0", count: 4 - text.count) + text
        }

        var whole = ""
        if weight >= 0 {
            for group in 0...weight { whole += try digits(group) }
            whole = String(whole.drop { $0 == "0" })
        }
        var text = sign == 0x4000 ? "-" : ""
        text += whole.isEmpty ? "0" : whole
        if scale > 0 {
            var fraction = ""
            var group = weight + 1
            while fraction.utf8.count < scale {
                fraction += try digits(group)
                group += 1
            }
            text += "." + fraction.prefix(scale)
        }
        return text
    }
}
