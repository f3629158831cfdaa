import Trading

extension FixedDecimal {
    /// With all eight digits after the point, as Binance prints prices and volumes: `0.01000000`.
    var padded: String {
        let (whole, fraction) = raw.magnitude.quotientAndRemainder(dividingBy: 100_000_000)
        let digits = String(UInt64(fraction))
        return "\(raw < 0 ? "-" : "")\(whole).\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)"
    }
}
