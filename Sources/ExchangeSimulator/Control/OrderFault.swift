/// What goes wrong with an order request, before and after the matching engine has it.
struct OrderFault: Sendable {
    enum Before: String, Sendable {
        /// It never reaches the engine, and the connection is cut.
        case drop
        /// It waits until it is released.
        case hold
    }

    enum After: String, Sendable {
        /// The connection is cut instead of answering.
        case drop
        /// The answer waits until it is released.
        case hold
        /// The answer is not what JSON is.
        case garble
    }

    var before: Before?
    var beforeDelay: Duration?
    var after: After?
    var afterDelay: Duration?
    /// What is answered instead of the truth: a status and a code.
    var afterError: (status: Int, code: Int)?
}
