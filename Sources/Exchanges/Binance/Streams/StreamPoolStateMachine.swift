import NIOCore

/// Spreads streams over connections and keeps both in step with what is wanted, through every loss and renewal.
///
/// A *slot* has streams and keeps one *link* (a connection) for them: two while it is being renewed, none while the exchange is out of
/// reach. A stream is attached while any link of its slot has it acknowledged. There is always one slot, so that a connection is
/// warm before the first stream is wanted.
struct StreamPoolStateMachine {
    typealias SlotID = Int
    typealias LinkID = Int

    enum Action: Sendable, Hashable {
        /// Then say ``opened(_:now:)`` or ``closed(_:reason:now:)``.
        case connect(LinkID)
        /// After a delay that grows with `attempt` (0: none), say ``retryDue(_:)``.
        case retry(SlotID, attempt: Int)
        /// Then say ``acknowledged(_:request:)`` or ``refused(_:request:reason:)``.
        case send(LinkID, StreamRequest)
        /// Say ``wake(_:now:)`` then.
        case wake(LinkID, at: NIODeadline)
        /// Then say ``closed(_:reason:now:)``.
        case close(LinkID, reason: String)
        /// The link has a successor that carries everything. Say ``lingered(_:)`` after what may still be on its way on the old
        /// one, and not on the new, has arrived.
        case linger(LinkID)
        case attached([String])
        case lost([String], reason: String)
        /// A slot lost its last connection: worth a line in the log, once.
        case slotLost(SlotID, streams: Int, reason: String)
        /// It has one again.
        case slotRestored(SlotID, streams: Int)
        /// All connections are closed after ``stop()``.
        case stopped
    }

    private struct Link {
        var openedAt: NIODeadline?
        /// A successor is being connected, or should be.
        var isRetiring = false
        var isLingering = false
        var isClosing = false
        var pacer = ControlMessagePacer()
        var isWakeDue = false
        /// Streams asked for on this link, and by which request.
        var requested: [String: Int] = [:]
        var acknowledged: Set<String> = []
    }

    private struct Slot {
        var streams: Set<String> = []
        var links: [LinkID: Link] = [:]
        var attempts = 0
        var isRetryDue = false
        var isDown = false

        /// Whether its connection has sent so much that the next message takes longer than a new connection would.
        func mustWait(_ now: NIODeadline) -> Bool {
            let open = links.values.filter { $0.openedAt != nil && !$0.isClosing }
            let limit = now + StreamPoolStateMachine.connecting
            return !open.isEmpty && open.allSatisfy { $0.pacer.earliest(now: now) > limit }
        }
    }

    /// A link that lived this long has shown that connecting works: when it breaks, the next attempt is made at once.
    private static let proven = TimeAmount.seconds(5)

    /// How long a new connection may take.
    private static let connecting = TimeAmount.milliseconds(100)

    /// Room for so many connections' streams is kept at most: the exchange counts connections, too.
    private static let spareSlots = 4

    /// How long a new stream waits for others: strategies come in crowds, and messages are few.
    private static let gathering = TimeAmount.milliseconds(1)

    private let streamsPerSlot: Int
    private var slots: [SlotID: Slot] = [:]
    private var slotOfLink: [LinkID: SlotID] = [:]
    private var slotOfStream: [String: SlotID] = [:]
    private var references: [String: Int] = [:]
    private var nextSlot = 0
    private var nextLink = 0
    private var nextRequest = 0
    private var phase = Phase.idle

    private enum Phase { case idle, running, stopping, stopped }

    init(streamsPerSlot: Int) {
        precondition(streamsPerSlot > 0, "a connection must carry at least one stream")
        self.streamsPerSlot = streamsPerSlot
    }

    // MARK: What is wanted

    mutating func start() -> [Action] {
        precondition(phase == .idle, "streams are run once")
        phase = .running
        if slots.isEmpty { addSlot() }
        return slots.keys.sorted().flatMap { connect($0) }
    }

    /// Closes everything. ``Action/stopped`` follows when it is done.
    mutating func stop() -> [Action] {
        guard phase == .idle || phase == .running else { return [] }
        phase = .stopping
        var actions: [Action] = []
        for link in slotOfLink.keys.sorted() { actions += close(link, reason: "this side is shutting down") }
        return actions + stopIfDone()
    }

    /// One more consumer wants the stream. It may be attached already: ask ``isAttached(_:)`` afterwards.
    mutating func acquire(_ stream: String, now: NIODeadline) -> [Action] {
        references[stream, default: 0] += 1
        guard slotOfStream[stream] == nil else { return [] }
        var actions: [Action] = []
        let room = slots.filter { $0.value.streams.count < streamsPerSlot }
        let free = room.filter { !$0.value.mustWait(now) }
        let isEnough = slots.count * streamsPerSlot - slotOfStream.count > Self.spareSlots * streamsPerSlot
        var id = (free.isEmpty && isEnough ? room : free)
            .min { ($0.value.streams.count, $0.key) < ($1.value.streams.count, $1.key) }?.key
        if id == nil {
            id = addSlot()
            if phase == .running { actions += connect(id!) }
        }
        slotOfStream[stream] = id
        slots[id!]!.streams.insert(stream)
        // Whoever comes with it goes in the same message.
        for (link, state) in slots[id!]!.links.sorted(by: { $0.key < $1.key })
        where state.openedAt != nil && !state.isClosing && !state.isWakeDue {
            slots[id!]!.links[link]!.isWakeDue = true
            actions.append(.wake(link, at: now + Self.gathering))
        }
        return actions
    }

    /// One consumer less.
    mutating func release(_ stream: String, now: NIODeadline) -> [Action] {
        guard let count = references[stream] else {
            preconditionFailure("\(stream) was released more often than acquired")
        }
        guard count == 1 else {
            references[stream] = count - 1
            return []
        }
        references[stream] = nil
        let slot = slotOfStream.removeValue(forKey: stream)!
        slots[slot]!.streams.remove(stream)
        return pump(slot: slot, now: now)
    }

    func isAttached(_ stream: String) -> Bool {
        slotOfStream[stream].flatMap { slots[$0] }?.links.values.contains { $0.acknowledged.contains(stream) } ?? false
    }

    // MARK: What connections report

    mutating func opened(_ id: LinkID, now: NIODeadline) -> [Action] {
        guard let slotID = slotOfLink[id] else { preconditionFailure("an unknown link opened") }
        guard slots[slotID]!.links[id]!.isClosing == false else { return [] }
        slots[slotID]!.links[id]!.openedAt = now
        var actions: [Action] = []
        if slots[slotID]!.isDown {
            slots[slotID]!.isDown = false
            actions.append(.slotRestored(slotID, streams: slots[slotID]!.streams.count))
        }
        return actions + pump(link: id, slot: slotID, now: now) + retire(slotID)
    }

    /// A link is gone, or could not be made.
    mutating func closed(_ id: LinkID, reason: String, now: NIODeadline) -> [Action] {
        guard let slotID = slotOfLink.removeValue(forKey: id), let link = slots[slotID]?.links.removeValue(forKey: id)
        else {
            preconditionFailure("an unknown link closed")
        }
        let slot = slots[slotID]!
        guard phase == .running else { return stopIfDone() }
        var actions: [Action] = []
        let covered = slot.links.values.reduce(into: Set<String>()) { $0.formUnion($1.acknowledged) }
        let lost = slot.streams.subtracting(covered)
        // Consumers that were never attached are told too, so that they can show what they are waiting for.
        if !lost.isEmpty { actions.append(.lost(lost.sorted(), reason: reason)) }
        if slot.links.isEmpty, slot.streams.isEmpty, slots.count > 1 {
            slots[slotID] = nil
            return actions
        }
        if slot.links.isEmpty, !slot.isDown {
            slots[slotID]!.isDown = true
            actions.append(.slotLost(slotID, streams: slot.streams.count, reason: reason))
        }
        if let openedAt = link.openedAt, now - openedAt >= Self.proven { slots[slotID]!.attempts = 0 }
        return actions + replace(slotID)
    }

    mutating func retryDue(_ id: SlotID) -> [Action] {
        guard phase == .running, slots[id]?.isRetryDue == true else { return [] }
        slots[id]!.isRetryDue = false
        return needsLink(id) ? connect(id) : []
    }

    /// The link will end soon: of age, or because the server said so. It goes on until its successor has taken over.
    mutating func renew(_ id: LinkID) -> [Action] {
        guard phase == .running, let slotID = slotOfLink[id], slots[slotID]!.links[id]!.isRetiring == false else {
            return []
        }
        slots[slotID]!.links[id]!.isRetiring = true
        guard needsLink(slotID), !slots[slotID]!.isRetryDue else { return [] }
        return connect(slotID)
    }

    mutating func lingered(_ id: LinkID) -> [Action] {
        guard let slotID = slotOfLink[id] else { return [] }
        // If the successor is gone by now, this link goes on until there is another.
        guard hasSuccessor(slots[slotID]!) else {
            slots[slotID]!.links[id]!.isLingering = false
            return []
        }
        return close(id, reason: "renewed")
    }

    mutating func wake(_ id: LinkID, now: NIODeadline) -> [Action] {
        guard let slotID = slotOfLink[id] else { return [] }
        slots[slotID]!.links[id]!.isWakeDue = false
        return pump(link: id, slot: slotID, now: now)
    }

    mutating func acknowledged(_ id: LinkID, request: Int) -> [Action] {
        guard let slotID = slotOfLink[id] else { return [] }
        let link = slots[slotID]!.links[id]!
        let streams = link.requested.filter { $0.value == request && !link.acknowledged.contains($0.key) }.map(\.key)
        // Some may have been released meanwhile, or be wanted on another slot by now.
        let news = streams.filter { slotOfStream[$0] == slotID && !isAttached($0) }.sorted()
        slots[slotID]!.links[id]!.acknowledged.formUnion(streams)
        return (news.isEmpty ? [] : [.attached(news)]) + retire(slotID)
    }

    mutating func refused(_ id: LinkID, request: Int, reason: String) -> [Action] {
        guard slotOfLink[id] != nil else { return [] }
        return close(id, reason: "the exchange refused a subscription: \(reason)")
    }

    // MARK: Parts

    @discardableResult
    private mutating func addSlot() -> SlotID {
        nextSlot += 1
        slots[nextSlot] = Slot()
        return nextSlot
    }

    private func needsLink(_ id: SlotID) -> Bool {
        slots[id]!.links.values.allSatisfy { $0.isRetiring || $0.isClosing }
    }

    private mutating func connect(_ id: SlotID) -> [Action] {
        nextLink += 1
        slots[id]!.links[nextLink] = Link()
        slotOfLink[nextLink] = id
        return [.connect(nextLink)]
    }

    private mutating func replace(_ id: SlotID) -> [Action] {
        guard needsLink(id), !slots[id]!.isRetryDue else { return [] }
        slots[id]!.isRetryDue = true
        defer { slots[id]!.attempts += 1 }
        return [.retry(id, attempt: slots[id]!.attempts)]
    }

    private mutating func close(_ id: LinkID, reason: String) -> [Action] {
        let slotID = slotOfLink[id]!
        guard !slots[slotID]!.links[id]!.isClosing else { return [] }
        slots[slotID]!.links[id]!.isClosing = true
        return [.close(id, reason: reason)]
    }

    private mutating func stopIfDone() -> [Action] {
        guard phase == .stopping, slotOfLink.isEmpty else { return [] }
        phase = .stopped
        return [.stopped]
    }

    private func hasSuccessor(_ slot: Slot) -> Bool {
        slot.links.values.contains {
            $0.openedAt != nil && !$0.isRetiring && !$0.isClosing && $0.acknowledged.isSuperset(of: slot.streams)
        }
    }

    /// Sees off the links whose successor has everything.
    private mutating func retire(_ id: SlotID) -> [Action] {
        guard hasSuccessor(slots[id]!) else { return [] }
        var actions: [Action] = []
        for (link, state) in slots[id]!.links where state.isRetiring && !state.isLingering && !state.isClosing {
            slots[id]!.links[link]!.isLingering = true
            actions.append(.linger(link))
        }
        return actions
    }

    private mutating func pump(slot id: SlotID, now: NIODeadline) -> [Action] {
        slots[id]!.links.keys.sorted().flatMap { pump(link: $0, slot: id, now: now) }
    }

    /// Sends what makes the link's subscriptions equal to the slot's streams, as far as the pace allows.
    private mutating func pump(link id: LinkID, slot slotID: SlotID, now: NIODeadline) -> [Action] {
        let streams = slots[slotID]!.streams
        var link = slots[slotID]!.links[id]!
        defer { slots[slotID]!.links[id] = link }
        guard link.openedAt != nil, !link.isClosing else { return [] }
        let missing = streams.filter { link.requested[$0] == nil }
        let surplus = link.requested.keys.filter { !streams.contains($0) }
        guard !missing.isEmpty || !surplus.isEmpty else { return [] }
        let earliest = link.pacer.earliest(now: now)
        guard earliest <= now else {
            guard !link.isWakeDue else { return [] }
            link.isWakeDue = true
            return [.wake(id, at: earliest)]
        }
        link.pacer.record(now: now)
        nextRequest += 1
        let request: StreamRequest
        if missing.isEmpty {
            request = StreamRequest(id: nextRequest, method: .unsubscribe, streams: surplus.sorted())
            for stream in surplus {
                link.requested[stream] = nil
                link.acknowledged.remove(stream)
            }
        } else {
            request = StreamRequest(id: nextRequest, method: .subscribe, streams: missing.sorted())
            for stream in missing { link.requested[stream] = nextRequest }
        }
        var actions: [Action] = [.send(id, request)]
        if !missing.isEmpty, !surplus.isEmpty, !link.isWakeDue {
            link.isWakeDue = true
            actions.append(.wake(id, at: link.pacer.earliest(now: now)))
        }
        return actions
    }
}
