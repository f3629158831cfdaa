import TestSupport
import Trading

/// I3, by the exchange itself: it was sent each order once or not at all, and only what the journal had; the two agree about
/// what was traded, and the account has what the strategies hold. Pure.
struct OrderLogJudge: Sendable {
    let book: ExchangeBook
    /// The live ones.
    let runs: [StoredRun]

    private static let quote = "USDT"

    var summary: String {
        let accepted = book.requests.filter(\.isAccepted)
        let orders = runs.flatMap(\.orders.values)
        let stale = orders.filter(\.isRefusedAsStale).count
        let abandoned = orders.filter { $0.status == "abandoned" }.count
        return "\(runs.count) live strategies, \(book.requests.count) orders received, \(accepted.count) accepted; "
            + "\(abandoned) were given up, \(stale) entries refused as stale"
    }

    func violations() -> [String] {
        var found: [String] = []
        if !runs.isEmpty, !book.requests.contains(where: \.isAccepted) {
            found.append("nothing was traded live: the exchange's log proves nothing")
        }
        let requests = Dictionary(grouping: book.requests, by: \.id)
        var journal: [String: (order: StoredRun.Order, run: StoredRun)] = [:]
        for run in runs {
            for (id, order) in run.orders { journal[id] = (order, run) }
        }
        for (id, sent) in requests.sorted(by: { $0.key < $1.key }) {
            if sent.count > 1 {
                let accepted = sent.filter(\.isAccepted).count
                found.append("I3: order \(id) was sent \(sent.count) times, accepted \(accepted)")
            }
            guard let (order, run) = journal[id] else {
                found.append("I3: order \(id) was sent, and the journal does not have it")
                continue
            }
            found += sent.filter(\.isAccepted).compactMap { late($0, order, run) }
        }
        for (id, (order, run)) in journal.sorted(by: { $0.key < $1.key }) {
            let accepted = requests[id]?.filter(\.isAccepted) ?? []
            found += difference(id, order, run, accepted).map { ["I3: order \(id) of strategy \(run.id): \($0)"] } ?? []
        }
        return found + differencesOfAccount()
    }

    /// What is wrong with what the journal has of an order.
    private func difference(
        _ id: String,
        _ order: StoredRun.Order,
        _ run: StoredRun,
        _ accepted: [ExchangeBook.Request]
    ) -> String? {
        let fills = run.fills.values.filter { $0.orderID == id }
        let booked = fills.reduce(FixedDecimal.zero) { $0 + FixedDecimal(int64: $1.quantity) }
        let bookedQuote = fills.reduce(FixedDecimal.zero) {
            $0 + FixedDecimal(int64: $1.price) * FixedDecimal(int64: $1.quantity)
        }
        let executed = accepted.reduce(FixedDecimal.zero) { $0 + $1.executed }
        let executedQuote = accepted.reduce(FixedDecimal.zero) { $0 + $1.executedQuote }
        if booked != executed || bookedQuote != executedQuote {
            return "\(booked) for \(bookedQuote) are booked, "
                + "and the exchange has traded \(executed) for \(executedQuote)"
        }
        if accepted.isEmpty == Self.statusesOfAccepted.contains(order.status) {
            return "it is \(order.status), and the exchange has \(accepted.isEmpty ? "not " : "")accepted it"
        }
        return accepted.first { $0.side != order.side }.map { "a \(order.side) was sent as \($0.side)" }
    }

    /// `canceled` is what an exchange may do with what it has accepted; nobody here asks for it.
    private static let statusesOfAccepted: Set<String> = [
        "acknowledged", "partially_filled", "filled", "expired", "canceled",
    ]

    /// Nothing is opened on a candle that closed more than an interval before, unless that was asked for.
    private func late(_ sent: ExchangeBook.Request, _ order: StoredRun.Order, _ run: StoredRun) -> String? {
        guard order.effect == "entry", run.config["catch_up"]?.string != "act" else { return nil }
        let age = sent.signedAt - (order.decidedOn + run.interval.milliseconds)
        guard age > run.interval.milliseconds else { return nil }
        return "entry \(sent.id) of strategy \(run.id) was sent \(age) ms after its candle had closed"
    }

    private func differencesOfAccount() -> [String] {
        var held: [String: FixedDecimal] = [:]
        var earned = FixedDecimal.zero
        for run in runs {
            let asset = String(run.symbol.name.dropLast(Self.quote.count))
            held[asset, default: .zero] = held[asset, default: .zero] + FixedDecimal(int64: run.position)
            for fill in run.fills.values {
                let value = FixedDecimal(int64: fill.price) * FixedDecimal(int64: fill.quantity)
                earned = fill.side == "buy" ? earned - value : earned + value
                if fill.commissionAsset == Self.quote { earned = earned - FixedDecimal(int64: fill.commission ?? 0) }
            }
        }
        held[Self.quote] = earned
        return Set(held.keys).union(book.gained.keys).sorted().compactMap { asset in
            let (booked, gained) = (held[asset] ?? .zero, book.gained[asset] ?? .zero)
            return booked == gained
                ? nil : "I3: the strategies have gained \(booked) \(asset), and the account has gained \(gained)"
        }
    }
}
