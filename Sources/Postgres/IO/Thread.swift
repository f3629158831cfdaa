internal import CLibPQ
import Glibc
import Synchronization

/// Threads for what blocks: the I/O loop, connecting, cancel requests.
enum Thread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a detached thread.
    static func start(name: String, _ run: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        let code = pthread_create(
            &thread,
            &attributes,
            { argument in
                let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                clibpq_name_this_thread(body.name)
                // Signals are for the threads that expect them.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                body.run()
                return nil
            },
            body.toOpaque()
        )
        precondition(code == 0, "pthread_create failed: \(code)")
    }
}

/// Runs blocking jobs on a bounded number of threads, first come, first served; threads end when there is no work.
final class BlockingThreads: Sendable {
    /// For connecting: each may be stuck in a name server for a while.
    static let connecting = BlockingThreads(name: "postgres-connect", limit: 32)
    /// For cancel requests.
    static let cancelling = BlockingThreads(name: "postgres-cancel", limit: 8)

    private struct State {
        var queue = FIFO<@Sendable () -> Void>()
        var running = 0
    }

    private let name: String
    private let limit: Int
    private let state = Mutex(State())

    init(name: String, limit: Int) {
        self.name = name
        self.limit = limit
    }

    func run(_ job: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state in
            state.queue.append(job)
            guard state.running < limit else { return false }
            state.running += 1
            return true
        }
        guard mustStart else { return }
        Thread.start(name: name) { [self] in
            while let job = next() { job() }
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            let job = state.queue.popFirst()
            if job == nil { state.running -= 1 }
            return job
        }
    }
}
