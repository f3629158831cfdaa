import Trading

/// Decides about an order of which it is not known whether it reached the exchange. Pure: times are the exchange's own.
///
/// The exchange accepts a request only within its window, and shows what it accepted by the end of the settling margin. So an
/// answer that was asked for after that, and does not have the order, is final; one from before says nothing.
struct OrderDoubt: Sendable {
    enum Action: Sendable, Equatable {
        /// Ask again, at the latest after so many milliseconds.
        case wait(Int64)
        /// Look into all of the account's books.
        case confirm
        /// It never arrived, and never can.
        case abandon
    }

    private let deadline: Timestamp
    private let settlingMargin: Int64

    init(signedAt: Timestamp, receiveWindow: Int64, settlingMargin: Int64) {
        deadline = signedAt + receiveWindow + settlingMargin
        self.settlingMargin = settlingMargin
    }

    /// The exchange does not know the order, or did not when it was asked at that moment.
    func notFound(askedAt moment: Timestamp) -> Action {
        moment > deadline ? .confirm : .wait(deadline.since(moment) + 1)
    }

    /// The order is not in the books either.
    ///
    /// - Parameter strangers: Whether there are trades whose order the books do not list: they may be behind, and get another
    ///   margin.
    func notListed(askedAt moment: Timestamp, strangers: Bool) -> Action {
        let end = deadline + settlingMargin
        return strangers && moment <= end ? .wait(end.since(moment) + 1) : .abandon
    }
}
