import Postgres

/// What makes a statement do something once for an ``IdempotencyKey``, however often it is sent.
extension PostgresStatement.StringInterpolation {
    /// Begins the `WITH`: `fresh.is_fresh` says whether it is to be done. Whoever sends the same key at the same moment waits here, so
    /// join it before any other lock is taken.
    mutating func appendInterpolation(freshFor key: IdempotencyKey?) {
        appendLiteral("mine AS MATERIALIZED (SELECT FROM tenure.idempotency_keys k WHERE k.sender = ")
        appendInterpolation(key?.sender)
        appendLiteral(" AND k.key = ")
        appendInterpolation(key?.key)
        appendLiteral(" AND k.strategy_id IS NULL FOR UPDATE), fresh AS MATERIALIZED (SELECT ")
        appendInterpolation(key == nil)
        appendLiteral("::boolean OR EXISTS (SELECT FROM mine) AS is_fresh)")
    }

    /// A further part of the `WITH`: keeps with the key to which strategy it was done.
    ///
    /// - Parameter part: One whose `id` is the strategy's.
    mutating func appendInterpolation(done part: StaticString, for key: IdempotencyKey?) {
        appendLiteral(
            "keyed AS (UPDATE tenure.idempotency_keys k SET strategy_id = d.id FROM \(part) d WHERE k.sender = "
        )
        appendInterpolation(key?.sender)
        appendLiteral(" AND k.key = ")
        appendInterpolation(key?.key)
        appendLiteral(")")
    }
}
