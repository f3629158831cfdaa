/// What a strategy does with candles that are older than one interval when they reach it.
public enum CatchUp: String, Sendable, Hashable, Codable, CaseIterable {
    /// They update its opinion, but entries on them are refused. The default.
    case warm
    /// It trades on them as on any others: for replays.
    case act
}

extension ParameterField {
    /// The setting that every mode has.
    static let catchUp = ParameterField.choice(
        "catch_up",
        default: CatchUp.warm.rawValue,
        of: CatchUp.allCases.map(\.rawValue),
        description:
            "What to do with candles that come late: warm only updates the opinion, act trades on them."
    )
}
