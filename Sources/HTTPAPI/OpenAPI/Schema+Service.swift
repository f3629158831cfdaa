import Store

extension Schema {
    static let replica = Schema(
        "Replica",
        .record([
            ("id", .id),
            ("name", .text("replica-1")),
            ("host", .text("node-a")),
            ("pid", .count),
            ("version", .text("1.0.0")),
            ("status", .choice(ListedReplica.Status.self)),
            ("draining", .boolean),
            ("drain_requested_at", .optional(.moment)),
            ("capacity", .count),
            ("load", .count.described("Strategies that it owns.")),
            ("shards", .count),
            ("started_at", .moment),
            ("heartbeat_at", .moment),
            ("lease_expires_at", .moment),
            ("lease_remaining_ms", .optional(.integer)),
            ("fenced_at", .optional(.moment)),
            ("fenced_by", .optional(.id)),
            ("fenced_reason", .optional(.text("session lost"))),
        ])
    )

    static let modes = Schema(
        "Modes",
        .record([
            (
                "modes",
                .array(
                    of: .record([
                        ("name", .text("scalp")), ("summary", .text("Follows two averages.")),
                        ("parameters", .object.described("What its config may contain, as JSON Schema.")),
                    ])
                )
            ),
            ("intervals", .array(of: .text("1m"))),
            ("exchanges", .array(of: .text("binance"))),
            ("default_exchange", .text("binance")),
            ("executions", .array(of: .choice(Execution.self)).described("Those that are allowed here.")),
            ("default_limits", .record([], sometimes: limitMembers).described("Of a start that says nothing else.")),
        ])
    )

    static let overview = Schema(
        "Overview",
        .record([
            ("at", .moment),
            ("halt", .record(haltMembers)),
            ("statuses", .record(StrategyStatus.allCases.map { ($0.rawValue, .count) })),
            (
                "books",
                .array(
                    of: .record([
                        ("execution", .choice(Execution.self)), ("strategies", .count), ("holding", .count),
                        ("exposure", .decimal), ("pnl", .decimal), ("pnl_today", .decimal),
                        ("unrealized_pnl", .decimal), ("fees", .decimal),
                        ("orders_under_way", .count),
                        ("orders_in_doubt", .count.described("Sent, and not known whether they arrived.")),
                    ])
                )
            ),
        ])
    )

    private static let haltMembers: [(String, Shape)] = [
        ("halted", .boolean),
        ("reason", .optional(.text("prices are wrong"))),
        ("by", .optional(.text("alice"))),
        ("since", .optional(.moment)),
    ]

    static let halt = Schema(
        "Halt",
        .record(
            haltMembers + [
                (
                    "awaited",
                    .array(of: owner.shape).described("Replicas that may still be sending what was decided before.")
                )
            ]
        )
    )

    private static let exposure = Shape.record([
        ("limit", .optional(.decimal).described("In quote units; null: none.")),
        ("used", .decimal.described("What is held, at its cost, and what entries under way may add.")),
    ])

    static let clusterLimits = Schema(
        "ClusterLimits",
        .record([("exposure", .record(Execution.allCases.map { ($0.rawValue, exposure) }))])
    )

    static let session = Schema(
        "Session",
        .record([
            ("name", .optional(.text("alice"))), ("role", .choice(AccessRole.self)),
            ("token_needed", .boolean.described("Whether anybody is asked for a token here.")),
        ])
    )

    static let health = Schema(
        "Health",
        .record(
            [("status", .choice(["alive", "ready"]))],
            sometimes: [("halted", .boolean.described("Whether this replica knows that all trading is halted."))]
        )
    )

    static let document = Schema("OpenAPI", Shape(#"{"type":"object"}"#, example: #"{"openapi":"3.1.0"}"#))

    static let problem = Schema(
        "Problem",
        .record(
            [
                (
                    "type",
                    .text("urn:tenure:problem:invalid-fields", pattern: "^urn:tenure:problem:[a-z-]+$")
                        .described("Names the kind of problem, for programs.")
                ),
                ("title", .text("Invalid fields")),
                ("status", Shape(#"{"type":"integer","minimum":400,"maximum":599}"#, example: "422")),
                ("detail", .text("Nothing was done.").described("What happened and what to do.")),
                ("request_id", .text("4f1c2a9be0d37788").described("The same as in the log, and in X-Request-Id.")),
            ],
            sometimes: [
                ("reason", .text("draining").described("A word for programs, where the kind says too little.")),
                (
                    "errors",
                    .array(of: .record([("field", .text("symbol")), ("message", .text("is missing."))]))
                        .described("Every field that is wrong.")
                ),
                ("strategy", strategy.shape.described("The strategy that the problem is about.")),
            ]
        )
    )
}
