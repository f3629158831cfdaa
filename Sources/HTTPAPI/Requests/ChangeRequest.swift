import Store
import Trading

/// What is to be otherwise of an active strategy, as far as syntax tells: a merge patch (RFC 7396) of its `config` and `limits`.
struct ChangeRequest {
    private static let fixed = ["symbol", "mode", "strategy_type", "interval", "exchange", "execution"]

    /// The whole config, as it would be. What is back to its default is not there; a null is there of what was not.
    let config: [String: JSONValue]?
    /// All limits, as they would be.
    let limits: RiskLimits?
    let problems: [FieldProblem]

    /// - Throws: ``Problem`` if the body is not an object.
    init(_ body: JSONValue, to strategy: ActiveStrategy, defaultLimits: RiskLimits) throws {
        var members: [String: JSONValue] = [:]
        if case .object(let given) = body { members = given }
        let fixed = Self.fixed.filter { members[$0] != nil }
        var rest = body
        if !fixed.isEmpty { rest = .object(members.filter { !Self.fixed.contains($0.key) }) }
        var fields = try RequestFields(rest, known: ["config", "limits"])
        for name in fixed {
            fields.refuse(name, "cannot be changed while it runs: stop the strategy and start it anew.")
        }
        if members["config"] == .null {
            config = [:]
        } else if let patch = fields.object("config"), case .object(let current) = try JSONValue(text: strategy.config)
        {
            config = Self.merged(patch, into: current)
        } else {
            config = nil
        }
        let current = try RiskLimits(storedText: strategy.limits)
        limits =
            members["limits"] == .null ? defaultLimits : fields.changedLimits(from: current, defaults: defaultLimits)
        problems = fields.problems
    }

    private static func merged(_ patch: [String: JSONValue], into config: [String: JSONValue]) -> [String: JSONValue] {
        var config = config
        for (name, value) in patch {
            // What there is not is no parameter: it stays, to be refused.
            if value == .null, config[name] != nil { config[name] = nil } else { config[name] = value }
        }
        return config
    }
}

extension JSONValue {
    /// By name, what was and what will be, of each member that is not the same; nil if all are.
    static func differences(from old: JSONValue, to new: JSONValue) -> JSONValue? {
        guard case .object(let old) = old, case .object(let new) = new else { return nil }
        var differences: [String: JSONValue] = [:]
        for name in Set(old.keys).union(new.keys) where old[name] != new[name] {
            differences[name] = .object(["from": old[name] ?? .null, "to": new[name] ?? .null])
        }
        return differences.isEmpty ? nil : .object(differences)
    }
}
