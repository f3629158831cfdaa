/// What each member carries and should carry of something that can be moved one by one, and who gives how much to whom.
///
/// Each has a quota in whole pieces (whoever has one above its share keeps it, so nothing bounces); what is too much and what
/// lacks stands in two lines side by side, in the order of ids. What has been moved according to a plan leaves the rest of the
/// plan as it was, so all that have too much give at the same time.
struct Shares {
    struct Share {
        let id: ReplicaID
        let capacity: Int
        /// What it has, and what is on the way to it.
        let amount: Int
        var quota = 0
    }

    /// In the order of ids.
    private var shares: [Share]

    init(_ members: [Membership.Member], _ amount: (Membership.Member) -> Int) {
        shares = members.map { Share(id: $0.id, capacity: $0.capacity, amount: amount($0)) }.sorted { $0.id < $1.id }
        assignQuotas()
    }

    /// Everybody's exact share rounded down; and one more for as many as are needed, first for those that have more already.
    private mutating func assignQuotas() {
        let total = shares.reduce(0) { $0 + $1.amount }
        let capacity = shares.reduce(0) { $0 + $1.capacity }
        for index in shares.indices { shares[index].quota = total * shares[index].capacity / capacity }
        var left = total - shares.reduce(0) { $0 + $1.quota }
        let more = shares.indices.filter { shares[$0].amount > shares[$0].quota }
        let others = shares.indices.filter { shares[$0].amount <= shares[$0].quota }
        for index in more + others where left > 0 {
            shares[index].quota += 1
            left -= 1
        }
    }

    /// Whether anybody has more than this too much or too few, or nothing where it should have something.
    func isUneven(by slack: Int) -> Bool {
        shares.contains { abs($0.amount - $0.quota) > slack || $0.amount == 0 && $0.quota > 0 }
    }

    /// The first that `giver` gives to, and how much.
    func plan(for giver: ReplicaID) -> (receiver: ReplicaID, count: Int)? {
        var begin = 0
        var end = 0
        for share in shares {
            end = begin + max(share.amount - share.quota, 0)
            if share.id == giver { break }
            begin = end
        }
        var low = 0
        for share in shares where share.quota > share.amount {
            let high = low + share.quota - share.amount
            let count = min(end, high) - max(begin, low)
            if count > 0 { return (share.id, count) }
            low = high
        }
        return nil
    }
}
