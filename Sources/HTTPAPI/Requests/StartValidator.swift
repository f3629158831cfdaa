package import Trading

/// Knows what can be started: the modes with their parameters, the exchanges with their markets.
package protocol StartValidator: Sendable {
    /// All that can be asked for, for forms.
    var choices: StartChoices { get }

    /// Checks what syntax cannot tell: that the mode is known, its parameters are right, the market exists and trades.
    ///
    /// - Throws: ``APIUnavailable`` if it cannot be told now (503); anything else is an unexpected error (500).
    func validate(_ request: StartRequest) async throws -> StartVerdict
}

/// What a ``StartValidator`` found.
package enum StartVerdict: Sendable {
    /// All that it was given is right.
    ///
    /// - Parameter config: Complete: every parameter of the mode, with its value. Not used if syntax was wrong.
    case valid(config: JSONValue)
    /// Every field that is wrong, and why; for an unknown name also the known ones.
    case invalid([FieldProblem])
}
