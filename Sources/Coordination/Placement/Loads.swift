/// What each member carries, in strategies, while it is decided who gives what to whom.
struct Loads {
    private struct Load {
        let id: ReplicaID
        let capacity: Int
        var strategies: Int
    }

    /// In the order of ids, which decides between equals.
    private var loads: [Load]
    private let total: Int
    private let capacity: Int

    /// - Parameter coming: What is going to be added to them, which counts for what everybody's share is.
    init(_ loads: some Sequence<(id: ReplicaID, capacity: Int, strategies: Int)>, coming: Int = 0) {
        self.loads = loads.map { Load(id: $0.id, capacity: $0.capacity, strategies: $0.strategies) }
            .sorted { $0.id < $1.id }
        total = self.loads.reduce(coming) { $0 + $1.strategies }
        capacity = self.loads.reduce(0) { $0 + $1.capacity }
    }

    init(_ members: [Membership.Member], coming: Int = 0, _ strategies: (Membership.Member) -> Int) {
        self.init(members.map { ($0.id, $0.capacity, strategies($0)) }, coming: coming)
    }

    /// What it has above (below, if negative) its exact share, times the total capacity.
    private func surplus(_ load: Load) -> Int { load.strategies * capacity - total * load.capacity }

    private func surplus(_ id: ReplicaID) -> Int { loads.first { $0.id == id }.map(surplus) ?? 0 }

    var fullestFirst: [ReplicaID] {
        loads.sorted { (surplus($1), $0.id) < (surplus($0), $1.id) }.map(\.id)
    }

    /// - Parameter strategies: `nil`: it needs no room.
    func emptiest(withRoomFor strategies: Int?) -> ReplicaID? {
        loads.lazy.filter { load in strategies.map { load.strategies + $0 <= load.capacity } ?? true }
            .min { (surplus($0), $0.id) < (surplus($1), $1.id) }?.id
    }

    func hasRoom(_ id: ReplicaID, for strategies: Int) -> Bool {
        loads.contains { $0.id == id && $0.strategies + strategies <= $0.capacity }
    }

    func isFuller(_ id: ReplicaID, than other: ReplicaID, byMoreThan strategies: Int) -> Bool {
        surplus(id) - surplus(other) > strategies * capacity
    }

    /// How far the two would be apart, times the total capacity.
    func gap(_ giver: ReplicaID, _ receiver: ReplicaID, afterMoving strategies: Int) -> Int {
        abs(surplus(giver) - surplus(receiver) - 2 * strategies * capacity)
    }

    mutating func move(_ strategies: Int, from giver: ReplicaID, to receiver: ReplicaID) {
        add(-strategies, to: giver)
        add(strategies, to: receiver)
    }

    mutating func add(_ strategies: Int, to id: ReplicaID) {
        guard let index = loads.firstIndex(where: { $0.id == id }) else { return }
        loads[index].strategies += strategies
    }
}
