/// Decides who may catch up with the market now: so many at a time, those with something at stake first.
struct StartQueue {
    typealias ID = Int

    private let limit: Int
    private var inside = 0
    private var waiting: Set<ID> = []
    private var exposed = Line()
    private var others = Line()

    /// First come, first served; whoever has gone away is passed over.
    private struct Line {
        private var ids: [ID] = []
        private var head = 0

        mutating func append(_ id: ID) { ids.append(id) }

        mutating func popFirst(of waiting: inout Set<ID>) -> ID? {
            while head < ids.count {
                let id = ids[head]
                head += 1
                if waiting.remove(id) != nil { return id }
            }
            (ids, head) = ([], 0)
            return nil
        }
    }

    init(limit: Int) {
        precondition(limit > 0, "somebody must be let in")
        self.limit = limit
    }

    /// True if it may begin at once; else it is named by ``leave()`` later. Ids are used once.
    mutating func enter(_ id: ID, isExposed: Bool) -> Bool {
        guard inside >= limit else {
            inside += 1
            return true
        }
        waiting.insert(id)
        if isExposed { exposed.append(id) } else { others.append(id) }
        return false
    }

    /// It waits no longer. False if it does not: then it is inside, and has to leave.
    mutating func withdraw(_ id: ID) -> Bool { waiting.remove(id) != nil }

    /// One has caught up, or given up. Returns who may begin in its place.
    mutating func leave() -> ID? {
        if let next = exposed.popFirst(of: &waiting) ?? others.popFirst(of: &waiting) { return next }
        precondition(inside > 0, "somebody left who had not entered")
        inside -= 1
        return nil
    }
}
