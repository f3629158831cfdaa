import Trading

extension FixedDecimal {
    /// With all eight digits after the point, as Binance prints prices and volumes: `0.01000000`.
    var padded: String {
        // Nearly every number fits into 64 bits, where printing is many times as fast.
        guard var rest = UInt64(exactly: raw.magnitude) else {
            let (whole, fraction) = raw.magnitude.quotientAndRemainder(dividingBy: 100_000_000)
            let digits = String(UInt64(fraction))
            return "\(raw < 0 ? "-" : "")\(whole).\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)"
        }
        // 20 digits, a point and a sign.
        return String(unsafeUninitializedCapacity: 22) { buffer in
            var length = 0
            while length < 10 || rest > 0 {
                if length == 8 {
                    buffer[length] = UInt8(ascii: ".")
                } else {
                    buffer[length] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                length += 1
            }
            if isNegative {
                buffer[length] = UInt8(ascii: "-")
                length += 1
            }
            // The digits were written from the last to the first.
            var written = buffer[..<length]
            written.reverse()
            return length
        }
    }
}
