/// How the last error of a live strategy begins that is about its orders: by that whoever runs it next knows what there is to take
/// back.
package enum OrderTrouble: String, Sendable {
    /// It is not known what became of one.
    case doubt = "order in doubt: "
    /// The exchange, or the market's own rules, take none.
    case refusal = "order refused: "

    package init?(lastError: String?) {
        guard let lastError, let kind = [Self.doubt, .refusal].first(where: { lastError.hasPrefix($0.rawValue) })
        else { return nil }
        self = kind
    }

    package func message(_ what: String) -> String { rawValue + what }
}
