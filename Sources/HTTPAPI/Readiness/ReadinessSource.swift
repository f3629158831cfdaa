/// Tells whether this replica may take traffic. Asked often: answers from memory, at once.
package protocol ReadinessSource: Sendable {
    func readiness() async -> Readiness
}
