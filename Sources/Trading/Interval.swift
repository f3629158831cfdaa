/// The length of a candle. Raw values are the field's own names (`1m`, `4h`), as Binance spells them.
///
/// The calendar month (`1M`) is left out: its length varies, so an open time cannot be computed from another.
public enum Interval: String, Sendable, Hashable, Codable, CaseIterable {
    case oneSecond = "1s"
    case oneMinute = "1m"
    case threeMinutes = "3m"
    case fiveMinutes = "5m"
    case fifteenMinutes = "15m"
    case thirtyMinutes = "30m"
    case oneHour = "1h"
    case twoHours = "2h"
    case fourHours = "4h"
    case sixHours = "6h"
    case eightHours = "8h"
    case twelveHours = "12h"
    case oneDay = "1d"
    case threeDays = "3d"
    case oneWeek = "1w"

    /// The length in milliseconds.
    public var milliseconds: Int64 {
        switch self {
        case .oneSecond: 1_000
        case .oneMinute: 60_000
        case .threeMinutes: 180_000
        case .fiveMinutes: 300_000
        case .fifteenMinutes: 900_000
        case .thirtyMinutes: 1_800_000
        case .oneHour: 3_600_000
        case .twoHours: 7_200_000
        case .fourHours: 14_400_000
        case .sixHours: 21_600_000
        case .eightHours: 28_800_000
        case .twelveHours: 43_200_000
        case .oneDay: 86_400_000
        case .threeDays: 259_200_000
        case .oneWeek: 604_800_000
        }
    }

    /// The open time of the candle that contains `moment`.
    ///
    /// Candles are aligned to the Unix epoch, weeks to Monday (1970-01-05 was one), as Binance does.
    public func openTime(containing moment: Timestamp) -> Timestamp {
        let offset: Int64 = self == .oneWeek ? 4 * 86_400_000 : 0
        let shifted = moment.milliseconds - offset
        let remainder = shifted % milliseconds
        return moment - (remainder < 0 ? remainder + milliseconds : remainder)
    }
}
