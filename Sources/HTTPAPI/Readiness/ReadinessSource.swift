/// Tells whether this replica may take traffic. Asked often: answers from memory, at once.
package protocol ReadinessSource: Sendable {
    func readiness() async -> Readiness
    /// Whether this replica has heard that all trading is halted. It takes traffic all the same.
    var isHalted: Bool { get }
}
