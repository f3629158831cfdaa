/// The modes that can be started.
public struct StrategyRegistry: Sendable {
    /// What comes with the product.
    public static let builtIn: StrategyRegistry = {
        var registry = StrategyRegistry()
        registry.register(Breakout.self)
        registry.register(Scalp.self)
        return registry
    }()

    private var modes: [String: StrategyMode] = [:]

    /// A registry without modes.
    public init() {}

    /// Adds a mode. Its name must be new, and made of lower-case letters, digits and underscores.
    public mutating func register<S: Strategy>(_ type: S.Type) {
        let isName = S.mode.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
        precondition(isName && (1...64).contains(S.mode.utf8.count), "\"\(S.mode)\" is no name for a mode")
        precondition(modes[S.mode] == nil, "there are two modes named \"\(S.mode)\"")
        modes[S.mode] = StrategyMode(S.self)
    }

    public func mode(_ name: String) -> StrategyMode? { modes[name] }

    /// Sorted.
    public var modeNames: [String] { modes.keys.sorted() }

    /// The mode that was probably meant by a name that does not exist.
    public func suggestion(for name: String) -> String? {
        SpellingSuggestion.nearest(to: name, among: modeNames)
    }
}
