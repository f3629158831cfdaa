/// What each member carries and should carry, and who gives what to whom so that it does.
struct Shares {
    struct Share {
        let id: ReplicaID
        let capacity: Int
        /// What it has, and what is on the way to it.
        let amount: Int
        /// The smallest part of it that can be moved; 0 if there is none.
        let part: Int
        let largestPart: Int
        var quota = 0
    }

    /// In the order of ids.
    private var shares: [Share]
    private let total: Int
    private let capacity: Int

    init(
        _ members: [Membership.Member],
        _ load: (Membership.Member) -> (has: Int, incoming: Int, part: Int, largestPart: Int)
    ) {
        shares = members.map { member in
            let (has, incoming, part, largestPart) = load(member)
            return Share(
                id: member.id,
                capacity: member.capacity,
                amount: has + incoming,
                part: has > 0 ? part : 0,
                largestPart: largestPart
            )
        }.sorted { $0.id < $1.id }
        total = shares.reduce(0) { $0 + $1.amount }
        capacity = shares.reduce(0) { $0 + $1.capacity }
        assignQuotas()
    }

    /// Everybody's exact share rounded down; and one more for as many as are needed, first for those that have more already.
    private mutating func assignQuotas() {
        for index in shares.indices { shares[index].quota = total * shares[index].capacity / capacity }
        var left = total - shares.reduce(0) { $0 + $1.quota }
        let more = shares.indices.filter { shares[$0].amount > shares[$0].quota }
        let others = shares.indices.filter { shares[$0].amount <= shares[$0].quota }
        for index in more + others where left > 0 {
            shares[index].quota += 1
            left -= 1
        }
    }

    func smallestPart(of id: ReplicaID) -> Int? { shares.first { $0.id == id }?.part }

    /// Whether anybody has too much by at least one part.
    var canGiveByPlan: Bool {
        shares.contains { $0.part > 0 && $0.amount - $0.quota >= $0.part && isTooFull($0) }
    }

    /// Whether anybody has more than this too much or too few, or nothing where it should have something.
    func isUneven(by slack: Int) -> Bool {
        shares.contains { abs($0.amount - $0.quota) > slack || $0.amount == 0 && $0.quota > 0 }
    }

    /// Whether somebody carries less by more than the largest part of this one. Loads that differ by one part are even: to
    /// make them evener would move something here, and something else back.
    func isTooFull(_ id: ReplicaID) -> Bool { shares.contains { $0.id == id && isTooFull($0) } }

    private func isTooFull(_ share: Share) -> Bool {
        surplus(share) - (shares.map(surplus).min() ?? 0) > share.largestPart * capacity
    }

    /// What it has above (below, if negative) its exact share, times the total capacity.
    private func surplus(_ share: Share) -> Int { share.amount * capacity - total * share.capacity }

    /// The first that `giver` gives to, and how much: what is too much and what lacks, each in one line, side by side.
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

    /// One part from the fullest of those that can give it to the emptiest, if that makes the gap between them smaller.
    ///
    /// Whoever has only parts that are too large cannot give, and does not keep others from it.
    func singlePart(from giver: ReplicaID) -> (receiver: ReplicaID, count: Int)? {
        guard let emptiest = shares.min(by: { (surplus($0), $0.id) < (surplus($1), $1.id) }) else { return nil }
        let givers = shares.filter { $0.part > 0 && $0.part * capacity < surplus($0) - surplus(emptiest) }
        guard let fullest = givers.max(by: { (surplus($0), $1.id) < (surplus($1), $0.id) }), fullest.id == giver
        else { return nil }
        return (emptiest.id, fullest.part)
    }
}
