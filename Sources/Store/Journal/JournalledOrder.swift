package import Trading

/// A row of the order journal at the moment of the decision.
package struct JournalledOrder: Sendable, Hashable, Codable {
    package enum Status: String, Sendable, Hashable, Codable, CaseIterable {
        /// May have left, or not.
        case intended
        /// The exchange has it, and may still fill it.
        case acknowledged
        case partiallyFilled = "partially_filled"
        case filled
        case canceled
        /// Refused: before it left, or by the exchange.
        case rejected
        /// The exchange gave up what was not filled.
        case expired
        /// It never arrived, and never can.
        case abandoned

        /// Whether nothing more will become of it.
        package var isFinal: Bool {
            switch self {
            case .intended, .acknowledged, .partiallyFilled: false
            case .filled, .canceled, .rejected, .expired, .abandoned: true
            }
        }
    }

    /// Derived from the decision, see ``ClientOrderID``.
    package let id: String
    package let intent: OrderIntent
    /// Open time of the candle it was decided on.
    package let decidedOn: Timestamp
    package let status: Status
    /// Why it has this status.
    package let statusReason: String?
    /// The time that is signed into the request, by the exchange's clock; `nil` for what never leaves.
    package let signedAt: Timestamp?
    /// How long after that the exchange still accepts it, in milliseconds.
    package let receiveWindow: Int64?

    package init(
        id: String,
        intent: OrderIntent,
        decidedOn: Timestamp,
        status: Status = .intended,
        statusReason: String? = nil,
        signedAt: Timestamp? = nil,
        receiveWindow: Int64? = nil
    ) {
        self.id = id
        self.intent = intent
        self.decidedOn = decidedOn
        self.status = status
        self.statusReason = statusReason
        self.signedAt = signedAt
        self.receiveWindow = receiveWindow
    }
}
