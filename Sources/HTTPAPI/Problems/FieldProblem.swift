/// What is wrong with one field of a request.
package struct FieldProblem: Sendable, Hashable {
    /// The member's name; members of members with a point: `config.fast_period`.
    package let field: String
    /// What is wrong and what would be right.
    package let message: String

    package init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}
