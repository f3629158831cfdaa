/// Where an order stands.
enum OrderStatus: String, Sendable, Hashable {
    case new = "NEW"
    case partiallyFilled = "PARTIALLY_FILLED"
    case filled = "FILLED"
    case canceled = "CANCELED"
    case expired = "EXPIRED"

    var isOpen: Bool { self == .new || self == .partiallyFilled }
}
