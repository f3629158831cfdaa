extension Migrator {
    /// Every migration, in order. One line for each file in `sql`: `V0002__x.sql` is `PackageResources.V0002__x_sql`.
    package static let all: [Migration] = [
        Migration(version: 1, name: "init", sql: PackageResources.V0001__init_sql),
        Migration(version: 2, name: "timelines", sql: PackageResources.V0002__timelines_sql),
        Migration(version: 3, name: "drain_and_ownership", sql: PackageResources.V0003__drain_and_ownership_sql),
        Migration(version: 4, name: "trials", sql: PackageResources.V0004__trials_sql),
        Migration(version: 5, name: "live_orders", sql: PackageResources.V0005__live_orders_sql),
        Migration(version: 6, name: "idempotency_keys", sql: PackageResources.V0006__idempotency_keys_sql),
        Migration(version: 7, name: "halt", sql: PackageResources.V0007__halt_sql),
        Migration(version: 8, name: "limits", sql: PackageResources.V0008__limits_sql),
        Migration(version: 9, name: "exposure", sql: PackageResources.V0009__exposure_sql),
        Migration(version: 10, name: "webhooks", sql: PackageResources.V0010__webhooks_sql),
        Migration(version: 11, name: "needed_version", sql: PackageResources.V0011__needed_version_sql),
        Migration(version: 12, name: "exchange_pauses", sql: PackageResources.V0012__exchange_pauses_sql),
        Migration(version: 13, name: "changes", sql: PackageResources.V0013__changes_sql),
        Migration(version: 14, name: "audit", sql: PackageResources.V0014__audit_sql),
        Migration(version: 15, name: "watch_and_fence", sql: PackageResources.V0015__watch_and_fence_sql),
    ]

    /// The newest version this binary knows.
    package static var latestVersion: Int { all.last?.version ?? 0 }
}
