/// What kinds of order are traded here.
enum OrderType: String, Sendable, Hashable {
    case limit = "LIMIT"
    case limitMaker = "LIMIT_MAKER"
    case market = "MARKET"
}
