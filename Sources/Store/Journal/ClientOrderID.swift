import Crypto
package import Trading

/// Client order ids, derived from the decision alone: no replica, epoch or counter is in them. So whoever decides the same
/// thing again – after a restore, or on a database that lost the last commits – derives the same id and meets the order that
/// is already there.
package enum ClientOrderID {
    /// What was decided on.
    package enum Cause: Sendable, Hashable {
        /// A closed candle, by its open time.
        case candle(Timestamp)
        /// A fill, by its trade id.
        case fill(String)
        /// The refusal of an order, by that order's id.
        case rejection(String)
        /// A stop that closes the position.
        case stop
        /// A wish to close the position, by its number.
        case close(Int64)
    }

    /// By which unknown orders of ours are recognised.
    package static let prefix = "tn-"

    /// 29 characters of the exchange's alphabet (Binance: `^[\.A-Z\:/a-z0-9_-]{1,36}$`): the prefix and the first 130 bits of
    /// SHA-256 over (strategy, cause, index) in base 32.
    package static func derive(strategyID: Int64, cause: Cause, index: Int) -> String {
        let name =
            switch cause {
            case .candle(let openTime): "candle \(openTime.milliseconds)"
            case .fill(let tradeID): "fill \(tradeID)"
            case .rejection(let orderID): "rejection \(orderID)"
            case .stop: "stop"
            case .close(let number): "close \(number)"
            }
        let digest = SHA256.hash(data: Array("\(strategyID)\n\(name)\n\(index)".utf8))
        var text = prefix
        var bits: UInt32 = 0
        var available: UInt32 = 0
        for byte in digest.prefix(17) {
            bits = bits << 8 | UInt32(byte)
            available += 8
            while available >= 5, text.utf8.count < length {
                available -= 5
                text.unicodeScalars.append(alphabet[Int(bits >> available & 31)])
                bits &= (1 << available) - 1
            }
        }
        return text
    }

    private static let length = prefix.utf8.count + 26
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".unicodeScalars)
}
