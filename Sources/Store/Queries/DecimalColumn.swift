import Postgres
import Trading

/// A `numeric` column with at most eight digits after the point, read exactly.
struct DecimalColumn: PostgresDecodable {
    let value: FixedDecimal

    static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> DecimalColumn {
        guard let decimal = FixedDecimal(try String.decode(value)) else { throw .outOfRange }
        return DecimalColumn(value: decimal)
    }
}
