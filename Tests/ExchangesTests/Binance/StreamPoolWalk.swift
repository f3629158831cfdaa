import NIOCore
import TestSupport
import Testing

@testable import Exchanges

/// An exchange with connections that fail, consumers that come and go, and one stream pool between them, driven by one seed.
struct StreamPoolWalk {
    static let streamsPerSlot = 4

    private struct Connection {
        var isOpen = false
        var isClosing = false
        /// Requests on their way to the server.
        var requests: [StreamRequest] = []
        /// Answers on their way back.
        var answers: [Int] = []
        /// What the server sends on this connection.
        var subscribed: Set<String> = []
        var sent: [NIODeadline] = []
        var wake: NIODeadline?
    }

    private var random: SeededGenerator
    private let seed: Int
    private var machine = StreamPoolStateMachine(streamsPerSlot: streamsPerSlot)
    private var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private var connections: [Int: Connection] = [:]
    private var retries: Set<Int> = []
    private var lingering: Set<Int> = []
    private var wanted: [String: Int] = [:]
    private var attached: Set<String> = []
    private var isStopped = false
    private(set) var losses = 0
    private(set) var attachments = 0

    init(seed: Int) {
        self.seed = seed
        random = SeededGenerator(seed: UInt64(seed))
    }

    mutating func run(steps: Int) {
        take(machine.start())
        for _ in 0..<steps {
            step()
            checkAttached()
        }
        settle()
        #expect(attached.isSuperset(of: wanted.keys), "seed \(seed): wanted but not attached")
        var carried: [String: Int] = [:]
        for stream in connections.values.flatMap(\.subscribed) { carried[stream, default: 0] += 1 }
        #expect(Set(carried.keys) == Set(wanted.keys), "seed \(seed): the exchange sends other streams than wanted")
        #expect(carried.values.allSatisfy { $0 == 1 }, "seed \(seed): a stream is carried twice")
        #expect(!connections.isEmpty, "seed \(seed): no connection is kept warm")
        take(machine.stop())
        while let id = connections.keys.first { close(id) }
        #expect(isStopped, "seed \(seed)")
    }

    private mutating func step() {
        now = now + .milliseconds(Int64.random(in: 0...400, using: &random))
        wake()
        let link = connections.keys.sorted().randomElement(using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20:
            let stream = "s\(Int.random(in: 0..<12, using: &random))"
            wanted[stream, default: 0] += 1
            let actions = machine.acquire(stream, now: now)
            if machine.isAttached(stream) { attached.insert(stream) }
            take(actions)
        case 20..<35:
            guard let stream = wanted.keys.sorted().randomElement(using: &random) else { return }
            wanted[stream]! -= 1
            if wanted[stream] == 0 {
                wanted[stream] = nil
                attached.remove(stream)
            }
            take(machine.release(stream, now: now))
        case 35..<50:
            guard let link, !connections[link]!.isOpen else { return }
            if random.chance(70) { open(link) } else { close(link) }
        case 50..<65: if let link { serve(link) }
        case 65..<80: if let link { answer(link) }
        case 80..<84: if let link { close(link) }
        case 84..<88: if let link { take(machine.renew(link)) }
        case 88..<91:
            guard let link = lingering.sorted().randomElement(using: &random) else { return }
            lingering.remove(link)
            take(machine.lingered(link))
        case 91..<93: if let link, connections[link]!.isOpen { take(machine.refused(link, request: 0, reason: "no")) }
        default:
            guard let slot = retries.sorted().randomElement(using: &random) else { return }
            retries.remove(slot)
            take(machine.retryDue(slot))
        }
    }

    /// From here on everything works.
    private mutating func settle() {
        for _ in 0..<200 {
            now = now + .seconds(2)
            wake()
            for slot in retries.sorted() {
                retries.remove(slot)
                take(machine.retryDue(slot))
            }
            for link in lingering.sorted() {
                lingering.remove(link)
                take(machine.lingered(link))
            }
            for link in connections.keys.sorted() {
                if connections[link]!.isClosing {
                    close(link)
                } else if !connections[link]!.isOpen {
                    open(link)
                } else {
                    while serve(link) {}
                    while answer(link) {}
                }
            }
        }
        for link in connections.keys.sorted() where connections[link]?.isClosing == true { close(link) }
    }

    private mutating func wake() {
        for link in connections.keys.sorted() {
            guard let time = connections[link]?.wake, time <= now else { continue }
            connections[link]!.wake = nil
            take(machine.wake(link, now: now))
        }
    }

    private mutating func open(_ link: Int) {
        connections[link]!.isOpen = true
        take(machine.opened(link, now: now))
    }

    private mutating func close(_ link: Int) {
        connections[link] = nil
        take(machine.closed(link, reason: "cut", now: now))
    }

    @discardableResult
    private mutating func serve(_ link: Int) -> Bool {
        guard let request = connections[link]?.requests.first else { return false }
        connections[link]!.requests.removeFirst()
        switch request.method {
        case .subscribe: connections[link]!.subscribed.formUnion(request.streams)
        case .unsubscribe: connections[link]!.subscribed.subtract(request.streams)
        }
        connections[link]!.answers.append(request.id)
        return true
    }

    @discardableResult
    private mutating func answer(_ link: Int) -> Bool {
        guard let id = connections[link]?.answers.first else { return false }
        connections[link]!.answers.removeFirst()
        take(machine.acknowledged(link, request: id))
        return true
    }

    private mutating func take(_ actions: [StreamPoolStateMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let link): connections[link] = Connection()
            case .retry(let slot, _): #expect(retries.insert(slot).inserted, "seed \(seed): two retries for a slot")
            case .send(let link, let request):
                #expect(connections[link]?.isOpen == true, "seed \(seed): sent on a connection that is not open")
                connections[link]!.requests.append(request)
                connections[link]!.sent.append(now)
                let now = now
                let recent = connections[link]!.sent.count { $0 + .seconds(1) > now }
                #expect(recent <= 4, "seed \(seed): too many messages in a second")
            case .wake(let link, let time):
                #expect(connections[link]!.wake == nil, "seed \(seed): two timers for a link")
                connections[link]!.wake = time
            case .close(let link, _): connections[link]!.isClosing = true
            case .linger(let link): #expect(lingering.insert(link).inserted, "seed \(seed): sent off twice")
            case .attached(let streams):
                attachments += 1
                for stream in streams {
                    #expect(attached.insert(stream).inserted, "seed \(seed): attached twice")
                    #expect(machine.isAttached(stream), "seed \(seed)")
                }
            case .lost(let streams, _):
                losses += 1
                attached.subtract(streams)
            case .slotLost, .slotRestored: break
            case .stopped: isStopped = true
            }
        }
    }

    /// What consumers believe to be live must be sent by the exchange on some connection that is there.
    private func checkAttached() {
        for stream in attached {
            let isCarried = connections.values.contains { $0.subscribed.contains(stream) }
            #expect(isCarried, "seed \(seed): \(stream) is believed to be attached")
        }
        for connection in connections.values {
            #expect(
                connection.subscribed.count <= 2 * Self.streamsPerSlot,
                "seed \(seed): too many streams on a connection"
            )
        }
    }
}
