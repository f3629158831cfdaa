internal import CLibPQ
import Glibc
import Synchronization

/// The one thread on which all established connections are read, written and closed: `epoll` for the sockets, an
/// `eventfd` to be woken, and timers. Lives as long as the process.
final class IOThread: Sendable {
    static let shared = IOThread()

    enum Command: Sendable {
        case adopt(ConnectionDriver)
        case submit(ConnectionDriver, StatementRequest)
        /// Its deadline or its life has changed, or its data may go on.
        case look(ConnectionDriver)
        case cancel(ConnectionDriver, UInt64)
        case cancelDelivered(ConnectionDriver)
        case close(ConnectionDriver)
        case schedule(IOTimer)
    }

    private struct Inbox {
        var commands: [Command] = []
        /// It will look into the inbox before it sleeps.
        var isAwake = true
    }

    let epoll: Int32
    private let wakeup: Int32
    private let inbox = Mutex(Inbox())

    /// The mark of the wake-up descriptor among epoll's events; connections count from 1.
    private static let wakeupMark: UInt64 = 0

    private init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "epoll_create1 failed: errno \(errno)")
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(wakeup >= 0, "eventfd failed: errno \(errno)")
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = Self.wakeupMark
        precondition(epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) == 0, "epoll_ctl failed: errno \(errno)")
        Thread.start(name: "postgres-io") { [self] in loop() }
    }

    func send(_ command: Command) {
        let mustWake = inbox.withLock { inbox in
            inbox.commands.append(command)
            defer { inbox.isAwake = true }
            return !inbox.isAwake
        }
        guard mustWake else { return }
        var one: UInt64 = 1
        // Fails only when the counter is full, and then the thread is about to wake anyway.
        _ = write(wakeup, &one, 8)
    }

    // MARK: On the thread

    private func loop() -> Never {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        var drivers: [UInt64: ConnectionDriver] = [:]
        var timers = TimerQueue()
        var commands: [Command] = []
        var touched: [ConnectionDriver] = []
        var resumptions: [ConnectionDriver.Resumption] = []

        func touch(_ driver: ConnectionDriver, _ body: (ConnectionDriver) -> Void) {
            driver.locked(&resumptions, body)
            guard !driver.isTouched else { return }
            driver.isTouched = true
            touched.append(driver)
        }

        while true {
            var deadline = timers.next
            for driver in drivers.values {
                if let next = driver.schedule.nextDeadline, deadline.map({ next < $0 }) ?? true { deadline = next }
            }
            let maySleep = inbox.withLock { inbox in
                inbox.isAwake = !inbox.commands.isEmpty
                return !inbox.isAwake
            }
            // -1: for as long as it takes.
            let limit = maySleep ? deadline?.milliseconds(from: .now) ?? -1 : 0
            let count = epoll_wait(epoll, &events, Int32(events.count), limit)
            if count > 0 {
                for event in events[0..<Int(count)] {
                    if event.data.u64 == Self.wakeupMark {
                        var value: UInt64 = 0
                        _ = read(wakeup, &value, 8)
                    } else if let driver = drivers[event.data.u64] {
                        touch(driver) { $0.socketIsReady() }
                    }
                }
            }
            inbox.withLock { inbox in
                inbox.isAwake = true
                swap(&inbox.commands, &commands)
            }
            for command in commands {
                switch command {
                case .adopt(let driver):
                    drivers[driver.id] = driver
                    touch(driver) { $0.start(epoll: epoll) }
                case .submit(let driver, let request): touch(driver) { $0.submit(request) }
                case .look(let driver): touch(driver) { _ in }
                case .cancel(let driver, let id): touch(driver) { $0.cancel(id, reason: .cancelled) }
                case .cancelDelivered(let driver): touch(driver) { $0.cancelDelivered() }
                case .close(let driver): touch(driver) { $0.close() }
                case .schedule(let timer): timers.insert(timer)
                }
            }
            commands.removeAll(keepingCapacity: true)
            if deadline != nil || !timers.isEmpty {
                let now = Moment.now
                while let timer = timers.popExpired(at: now) { timer.action() }
                for driver in drivers.values where driver.schedule.nextDeadline.map({ $0 <= now }) ?? false {
                    touch(driver) { $0.deadlinePassed(now: now) }
                }
            }
            for driver in touched {
                driver.isTouched = false
                driver.locked(&resumptions) { $0.pump() }
                if driver.schedule.isFinished { drivers[driver.id] = nil }
            }
            touched.removeAll(keepingCapacity: true)
        }
    }
}
