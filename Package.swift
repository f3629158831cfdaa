// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "tenure",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tenure", targets: ["tenure"]),
        .library(name: "SkewedClock", type: .dynamic, targets: ["SkewedClock"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // libpq, found by pkg-config.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // What the earlier version kept its strategies in.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        // Answers that are compressed.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // A process whose sockets are closed the moment it dies.
        .target(name: "CMemoryHolder"),

        // The vocabulary of trading. Pure.
        .target(name: "Trading"),

        // PostgreSQL: the client, then the schema.
        .target(
            name: "Postgres",
            dependencies: ["CLibPQ", .product(name: "Logging", package: "swift-log")]
        ),
        .target(
            name: "Migrations",
            dependencies: [
                "Postgres",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "migrations",
            resources: [.embedInCode("sql")]
        ),

        // Who runs what.
        .target(
            name: "Coordination",
            dependencies: [
                "Postgres",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        // What is run, and where it trades.
        .target(name: "Strategies", dependencies: ["Trading"]),
        .target(
            name: "Exchanges",
            dependencies: [
                "Trading",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ]
        ),
        .target(
            name: "Store",
            dependencies: [
                "Trading", "Postgres",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(
            name: "Hosting",
            dependencies: [
                "Trading", "Postgres", "Coordination", "Strategies", "Exchanges", "Store",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        // The outside.
        .target(
            name: "Dashboard",
            resources: [.embedInCode("Files")]
        ),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "CZlib", "Trading", "Postgres", "Store", "Coordination", "Dashboard",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "Webhooks",
            dependencies: [
                "Trading", "Postgres", "Store", "HTTPAPI",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .target(
            name: "Observability",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ]
        ),
        .target(
            name: "ExchangeSimulator",
            dependencies: [
                "Trading",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "LocalCluster",
            dependencies: [
                "Postgres",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(
            name: "tenure",
            dependencies: [
                "Trading", "Postgres", "Migrations", "Coordination", "Strategies", "Exchanges", "Store", "Hosting",
                "HTTPAPI", "Webhooks", "Observability", "ExchangeSimulator", "LocalCluster", "CMemoryHolder", "CSQLite",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),

        // Tests. TestSupport gives each test a schema of its own on a real, private PostgreSQL.
        .target(
            name: "TestSupport",
            dependencies: [
                "LocalCluster", "Migrations", "Postgres", "Trading",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestSupport"
        ),
        .executableTarget(
            name: "FailoverBenchmark",
            dependencies: [
                "CLibPQ", "Hosting", "LocalCluster", "Postgres", "Store", "Strategies", "TestSupport", "Trading",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/Benchmarks/Failover"
        ),
        // A wall clock that is wrong, for whoever preloads it.
        .target(name: "SkewedClock", path: "Tests/SkewedClock"),
        // A real cluster under random faults, and the judgement of what it left behind.
        .executableTarget(
            name: "Nemesis",
            dependencies: [
                "ExchangeSimulator", "Exchanges", "Hosting", "LocalCluster", "Postgres", "Store", "Strategies",
                "TestSupport", "Trading",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/Nemesis",
            exclude: ["README.md"]
        ),
        .testTarget(name: "TradingTests", dependencies: ["TestSupport", "Trading"]),
        .testTarget(name: "PostgresTests", dependencies: ["CLibPQ", "LocalCluster", "Postgres", "TestSupport"]),
        .testTarget(name: "MigrationsTests", dependencies: ["LocalCluster", "Migrations", "Postgres", "TestSupport"]),
        .testTarget(
            name: "CoordinationTests",
            dependencies: [
                "Coordination", "LocalCluster", "Migrations", "Postgres", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "StrategiesTests", dependencies: ["Strategies", "TestSupport", "Trading"]),
        .testTarget(
            name: "ExchangesTests",
            dependencies: [
                "Exchanges", "ExchangeSimulator", "LocalCluster", "Trading", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ExchangeSimulatorTests",
            dependencies: [
                "ExchangeSimulator", "LocalCluster", "Trading", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            // Programs of other people's clients.
            exclude: ["Clients/Programs"]
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "Store", "Trading", "LocalCluster", "Migrations", "Postgres", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // A replica that its strategy can kill.
        .executableTarget(
            name: "SuspectReplica",
            dependencies: [
                "Coordination", "Exchanges", "Hosting", "Postgres", "Store", "Strategies", "Trading",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/SuspectReplica"
        ),
        .testTarget(
            name: "HostingTests",
            dependencies: [
                "SuspectReplica",
                "Hosting", "Coordination", "Strategies", "Exchanges", "ExchangeSimulator", "LocalCluster", "Migrations",
                "Observability", "Postgres", "Store", "Trading", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ObservabilityTests",
            dependencies: [
                "Observability",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ]
        ),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "CZlib", "Dashboard", "HTTPAPI", "Store", "Coordination", "Trading", "Postgres", "TestSupport",
                "LocalCluster",
                "Observability",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "LocalClusterTests", dependencies: ["LocalCluster", "TestSupport"]),
        .testTarget(
            name: "TenureTests",
            dependencies: [
                "tenure", "Exchanges", "HTTPAPI", "Hosting", "LocalCluster", "Store", "Strategies", "TestSupport",
                "Trading", "Webhooks",
            ]
        ),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "Hosting", "LocalCluster", "Migrations", "Nemesis", "Postgres", "Store", "Strategies", "Trading",
                "TestSupport", "Webhooks", "tenure",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            // What a browser is told to do, and a maker of requests.
            exclude: ["Dashboard/Programs", "Description/Programs"]
        ),
        // Benchmarks, to be built for release.
        .executableTarget(
            name: "PostgresBenchmark",
            dependencies: ["LocalCluster", "Postgres", .product(name: "Logging", package: "swift-log")],
            path: "Tests/Benchmarks/Postgres"
        ),
        .executableTarget(
            name: "HTTPBenchmark",
            dependencies: [
                "HTTPAPI", "LocalCluster", "Postgres", "Store", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Benchmarks/HTTP"
        ),
    ],
    swiftLanguageModes: [.v6]
)

// One target's tests and what they need, nothing else: a sanitizer has to build everything anew.
if let tests = Context.environment["TENURE_TESTS_OF"] {
    var needed: Set<String> = []
    var found = [tests]
    while let name = found.popLast() {
        guard needed.insert(name).inserted else { continue }
        for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
            if case .byNameItem(let name, _) = dependency { found.append(name) }
        }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
