/// Who may use which of a pool's connections now. Pure.
///
/// Single statements share connections (they are pipelined): the least busy one that makes progress is taken. Exclusive
/// use takes a connection out of sharing: it is reserved, runs dry, and is handed over. One connection is always left for
/// sharing where there are two or more, so single statements never wait for transactions. Each kind waits in line.
struct PoolStateMachine: Sendable {
    typealias ConnectionID = UInt64
    typealias WaiterID = UInt64

    enum Use: Sendable, Hashable {
        case shared
        case exclusive
    }

    struct Grant: Equatable {
        let waiter: WaiterID
        let connection: ConnectionID
    }

    private enum Mode: Equatable {
        case shared
        /// Taken out of sharing for this waiter, as soon as what it carries is done.
        case reserved(WaiterID)
        case exclusive
    }

    private struct Connection {
        let id: ConnectionID
        var mode = Mode.shared
        var inFlight = 0
        var lastProgress: ContinuousClock.Instant
    }

    /// A shared connection that has not finished anything for this long is behind a slow statement.
    static let slowAfter = Duration.milliseconds(5)

    let size: Int
    /// How many statements may share a connection.
    let depth: Int
    private var connections: [Connection] = []
    private var sharedWaiters = FIFO<WaiterID>()
    private var exclusiveWaiters = FIFO<WaiterID>()

    init(size: Int, depth: Int) {
        precondition(size > 0 && depth > 0, "a pool needs room for one connection and one statement")
        self.size = size
        self.depth = depth
    }

    var connectionCount: Int { connections.count }
    var waiterCount: Int { sharedWaiters.count + exclusiveWaiters.count }
    private var exclusiveLimit: Int { max(1, size - 1) }
    private var takenCount: Int { connections.count { $0.mode != .shared } }

    // MARK: Events

    /// A waiter arrives; ids grow with time. What it gets, and perhaps others, is in the grants.
    mutating func acquire(_ waiter: WaiterID, _ use: Use, now: ContinuousClock.Instant) -> [Grant] {
        switch use {
        case .shared: sharedWaiters.append(waiter)
        case .exclusive: exclusiveWaiters.append(waiter)
        }
        return serve(now)
    }

    /// A single statement, without waiting: nil if it must wait in line.
    mutating func acquireSharedNow(now: ContinuousClock.Instant) -> ConnectionID? {
        guard sharedWaiters.isEmpty, exclusiveWaiters.isEmpty, let index = bestShared(now) else { return nil }
        startShared(index, now)
        return connections[index].id
    }

    mutating func release(_ id: ConnectionID, _ use: Use, now: ContinuousClock.Instant) -> [Grant] {
        // A connection that was lost meanwhile is no longer listed.
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        connections[index].lastProgress = now
        switch use {
        case .shared:
            precondition(connections[index].inFlight > 0, "released more often than acquired")
            connections[index].inFlight -= 1
        case .exclusive:
            precondition(connections[index].mode == .exclusive, "released without being held")
            connections[index].mode = .shared
        }
        return serve(now)
    }

    /// A waiter gives up. False if it was not waiting any more: then its grant is on its way, and must be released.
    mutating func giveUp(_ waiter: WaiterID, now: ContinuousClock.Instant) -> (wasWaiting: Bool, grants: [Grant]) {
        if sharedWaiters.removeFirst(where: { $0 == waiter }) != nil { return (true, serve(now)) }
        if exclusiveWaiters.removeFirst(where: { $0 == waiter }) != nil { return (true, serve(now)) }
        guard let index = connections.firstIndex(where: { $0.mode == .reserved(waiter) }) else { return (false, []) }
        connections[index].mode = .shared
        return (true, serve(now))
    }

    mutating func connected(_ id: ConnectionID, now: ContinuousClock.Instant) -> [Grant] {
        precondition(connections.count < size, "more connections than the pool's size")
        connections.append(Connection(id: id, lastProgress: now))
        return serve(now)
    }

    /// The connection is gone, or is to be used no more; whoever it was reserved for is first in line again.
    mutating func removed(_ id: ConnectionID, now: ContinuousClock.Instant) -> [Grant] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        let connection = connections.remove(at: index)
        if case .reserved(let waiter) = connection.mode { exclusiveWaiters.prepend(waiter) }
        return serve(now)
    }

    func isUnused(_ id: ConnectionID) -> Bool {
        guard let connection = connections.first(where: { $0.id == id }) else { return true }
        return connection.inFlight == 0 && connection.mode != .exclusive
    }

    /// Nobody is served any more. Returns all who wait.
    mutating func close() -> [WaiterID] {
        var all = sharedWaiters.map { $0 } + exclusiveWaiters.map { $0 }
        for index in connections.indices {
            guard case .reserved(let waiter) = connections[index].mode else { continue }
            connections[index].mode = .shared
            all.append(waiter)
        }
        sharedWaiters.removeAll()
        exclusiveWaiters.removeAll()
        return all
    }

    // MARK: Serving

    private mutating func serve(_ now: ContinuousClock.Instant) -> [Grant] {
        var grants: [Grant] = []
        while let grant = serveOne(now) { grants += grant }
        return grants
    }

    /// nil if nobody can be served; an empty list if something was reserved.
    private mutating func serveOne(_ now: ContinuousClock.Instant) -> [Grant]? {
        for index in connections.indices {
            if case .reserved(let waiter) = connections[index].mode, connections[index].inFlight == 0 {
                connections[index].mode = .exclusive
                return [Grant(waiter: waiter, connection: connections[index].id)]
            }
        }
        // Whoever came first goes first, unless it must wait for what the other does not need.
        let exclusiveIsFirst =
            switch (sharedWaiters.first, exclusiveWaiters.first) {
            case (let shared?, let exclusive?): exclusive < shared
            case (nil, _): true
            case (_, nil): false
            }
        if exclusiveIsFirst { return reserveOne() ?? shareOne(now) }
        return shareOne(now) ?? reserveOne()
    }

    private mutating func reserveOne() -> [Grant]? {
        guard let waiter = exclusiveWaiters.first, takenCount < exclusiveLimit else { return nil }
        let free = connections.indices.filter { connections[$0].mode == .shared }
        guard let index = free.min(by: { connections[$0].inFlight < connections[$1].inFlight }) else { return nil }
        _ = exclusiveWaiters.removeFirst()
        connections[index].mode = .reserved(waiter)
        return []
    }

    private mutating func shareOne(_ now: ContinuousClock.Instant) -> [Grant]? {
        guard let waiter = sharedWaiters.first, let index = bestShared(now) else { return nil }
        _ = sharedWaiters.removeFirst()
        startShared(index, now)
        return [Grant(waiter: waiter, connection: connections[index].id)]
    }

    private mutating func startShared(_ index: Int, _ now: ContinuousClock.Instant) {
        if connections[index].inFlight == 0 { connections[index].lastProgress = now }
        connections[index].inFlight += 1
    }

    private func bestShared(_ now: ContinuousClock.Instant) -> Int? {
        var best: (index: Int, cost: Int)?
        for (index, connection) in connections.enumerated()
        where connection.mode == .shared && connection.inFlight < depth {
            let isSlow = connection.inFlight > 0 && connection.lastProgress + Self.slowAfter < now
            let cost = connection.inFlight + (isSlow ? depth : 0)
            if best.map({ cost < $0.cost }) ?? true { best = (index, cost) }
        }
        return best?.index
    }
}
