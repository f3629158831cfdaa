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

    mutating func append(contentsOf others: PostgresParameters) {
        types += others.types
        lengths += others.lengths
        bytes += others.bytes
    }

    /// Calls `body` with what libpq wants: pointers to each value (nil for NULL), lengths, formats (all binary).
    func withPointers<R>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> R
    ) -> R {
        guard !types.isEmpty else { return body(nil, nil, nil) }
        return bytes.withUnsafeBytes { raw in
            // An empty value is not NULL: its pointer must point somewhere, also if there are no bytes at all.
            let base = raw.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
            return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { formats in
                    var offset = 0
                    for (position, length) in lengths.enumerated() {
                        let start = base.advanced(by: offset).assumingMemoryBound(to: CChar.self)
                        values.initializeElement(at: position, to: length < 0 ? nil : start)
                        formats.initializeElement(at: position, to: 1)
                        offset += max(0, Int(length))
                    }
                    return body(values.baseAddress, lengths, formats.baseAddress)
                }
            }
        }
    }
}
