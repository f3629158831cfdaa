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

    init(_ members: [Membership.Member], _ strategies: (Membership.Member) -> Int) {
        loads = members.map { Load(id: $0.id, capacity: $0.capacity, strategies: strategies($0)) }
            .sorted { $0.id < $1.id }
        total = loads.reduce(0) { $0 + $1.strategies }
        capacity = loads.reduce(0) { $0 + $1.capacity }
    }

    /// What it has above (below, if negative) its exact share, times the total capacity.
    private func surplus(_ load: Load) -> Int { load.strategies * capacity - total * load.capacity }

    private func surplus(_ id: ReplicaID) -> Int { loads.first { $0.id == id }.map(surplus) ?? 0 }

    var fullestFirst: [ReplicaID] {
        loads.sorted { (surplus($1), $0.id) < (surplus($0), $1.id) }.map(\.id)
    }

    func emptiest(withRoomFor strategies: Int) -> ReplicaID? {
        loads.filter { $0.strategies + strategies <= $0.capacity }
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
