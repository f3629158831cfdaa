/// What is known of metrics before the first one is recorded: their help texts and buckets.
package struct MetricCatalogue: Sendable {
    package struct Entry: Sendable {
        let help: String
        let buckets: [Double]?

        package init(help: String, buckets: [Double]? = nil) {
            self.help = help
            self.buckets = buckets.map { Array(Set($0.filter(\.isFinite))).sorted() }
        }
    }

    private let entries: [String: Entry]

    package init(_ entries: [String: Entry]) {
        self.entries = entries
    }

    /// From a tenth of a millisecond (a round trip to the database) to a minute (an exchange that is away).
    package static let secondsBuckets: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// For numbers of things.
    package static let countBuckets: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

    func help(of name: String) -> String? { entries[name]?.help }

    func buckets(of name: String, otherwise usual: [Double]? = nil) -> [Double] {
        entries[name]?.buckets ?? usual ?? (name.hasSuffix("_seconds") ? Self.secondsBuckets : Self.countBuckets)
    }

    /// The metrics that this product promises.
    package static let tenure = MetricCatalogue([
        "tenure_strategies": Entry(help: "Strategies that this replica runs, by status."),
        "tenure_orphaned_strategies": Entry(
            help: "Strategies in the whole cluster that no replica has room for, as this replica sees it."
        ),
        "tenure_replica_lease_remaining_seconds": Entry(
            help: "Time until this replica must assume that it has been fenced."
        ),
        "tenure_failover_seconds": Entry(help: "Duration of the steps of a failover: detection, claim, restore."),
        "tenure_restores_total": Entry(help: "Strategies taken over, by reason."),
        "tenure_fenced_writes_total": Entry(help: "Writes refused because the shard had another owner or epoch."),
        "tenure_halted": Entry(help: "1 while this replica knows that all trading is halted, else 0."),
        "tenure_orders_total": Entry(help: "Orders by the status that they reached."),
        "tenure_orders_in_doubt": Entry(help: "Orders sent whose fate at the exchange is not known yet."),
        "tenure_exchange_streams_missing": Entry(
            help: "Streams of the exchange that are wanted, and are not connected now."
        ),
        "tenure_exchange_pause_seconds": Entry(
            help: "Time for which the exchange has forbidden this address all requests, or this account new orders."
        ),
        "tenure_commit_delay_seconds": Entry(
            help: "How long the oldest step that is to be committed has waited; 0 if there is none."
        ),
        "tenure_candle_lag_seconds": Entry(help: "From the close of a candle to its being processed."),
        "tenure_checkpoint_batch_size": Entry(help: "Strategies whose progress was committed together."),
        "tenure_database_round_trip_seconds": Entry(help: "Round trips to the database, as heartbeats see them."),
        "process_cpu_seconds_total": Entry(help: "Processor time used, in user and system mode."),
        "process_resident_memory_bytes": Entry(help: "Memory of this process that is in RAM."),
        "process_virtual_memory_bytes": Entry(help: "Address space of this process."),
        "process_open_fds": Entry(help: "Open file descriptors."),
        "process_max_fds": Entry(help: "The most file descriptors that may be open."),
        "process_start_time_seconds": Entry(help: "When this process started, in seconds since 1970."),
        "tenure_webhook_deliveries_total": Entry(
            help: "Attempts to deliver a notification by webhook, by result: delivered, failed, given_up."
        ),
        "tenure_webhook_lag_seconds": Entry(
            help: "Age of the notification that waits to be delivered; 0 if there is none, or another replica sends."
        ),
        "tenure_http_requests_total": Entry(help: "HTTP requests answered."),
        "tenure_http_request_duration_seconds": Entry(help: "Time to the answer of an HTTP request."),
    ])
}
