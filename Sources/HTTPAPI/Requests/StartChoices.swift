package import Store
package import Trading

/// What can be started here.
package struct StartChoices: Sendable {
    package struct Mode: Sendable {
        package let name: String
        /// One sentence.
        package let summary: String
        /// What its `config` may contain, as JSON Schema.
        package let parameters: JSONValue

        package init(name: String, summary: String, parameters: JSONValue) {
            self.name = name
            self.summary = summary
            self.parameters = parameters
        }
    }

    package let modes: [Mode]
    package let exchanges: [String]
    /// Those that are allowed.
    package let executions: [Execution]

    package init(modes: [Mode], exchanges: [String], executions: [Execution]) {
        self.modes = modes
        self.exchanges = exchanges
        self.executions = executions
    }
}
