import ServiceLifecycle

/// Something that runs until its task is cancelled, as a service that ends with a graceful shutdown.
struct EndlessService: Service {
    private let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) {
        self.body = body
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown(body)
        } catch is CancellationError {
            // That is how it ends.
        }
    }
}
