/// A statement's parameters in binary form, in one buffer.
struct PostgresParameters: Sendable {
    private(set) var types: [UInt32] = []
    /// Bytes of each; -1 is NULL.
    private(set) var lengths: [Int32] = []
    private(set) var bytes: [UInt8] = []

    /// What the protocol can count.
    static let limit = 65_535

    var count: Int { types.count }

    mutating func append<Value: PostgresEncodable>(_ value: Value) {
        types.append(Value.postgresType.oid)
        guard !value.isPostgresNull else {
            lengths.append(-1)
            return
        }
        let start = bytes.count
        value.encode(into: &bytes)
        lengths.append(Int32(bytes.count - start))
    }

    /// Calls `body` with what libpq wants: pointers to each value (nil for NULL), lengths, formats (all binary).
    func withPointers<R>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> R
    ) -> R {
        guard !types.isEmpty else { return body(nil, nil, nil) }
        // An empty value is not NULL: its pointer must point somewhere.
        let buffer = bytes.isEmpty ? [0] : bytes
        return buffer.withUnsafeBytes { raw in
            let base = raw.baseAddress!.assumingMemoryBound(to: CChar.self)
            var values: [UnsafePointer<CChar>?] = []
            values.reserveCapacity(lengths.count)
            var offset = 0
            for length in lengths {
                values.append(length < 0 ? nil : base + offset)
                offset += max(0, Int(length))
            }
            let formats = [Int32](repeating: 1, count: lengths.count)
            return body(values, lengths, formats)
        }
    }
}
