import Trading

/// Why all trading is to be halted.
struct HaltRequest {
    private static let longestReason = 200

    let reason: String

    init(_ body: JSONValue) throws {
        var fields = try RequestFields(body, known: ["reason"])
        let reason = fields.string("reason") ?? "halted by an operator"
        if reason.isEmpty || reason.count > Self.longestReason || !reason.isPrintable {
            fields.refuse("reason", "must have one to \(Self.longestReason) printable characters.")
        }
        try fields.finish()
        self.reason = reason
    }
}
