import HTTPTypes
import Trading

/// Reads the members of a request's body and collects everything that is wrong with them.
struct RequestFields {
    private(set) var problems: [FieldProblem] = []
    private let members: [String: JSONValue]

    /// - Parameter known: The members that this request has; others are refused by name, because a misspelt option that is
    ///   silently ignored costs money.
    /// - Throws: ``Problem`` if the body is not an object.
    init(_ body: JSONValue, known: [String]) throws {
        guard case .object(let members) = body else {
            throw Problem(
                .unprocessableContent,
                "not-an-object",
                "Not an object",
                "The body must be a JSON object, but it is \(body.kind)."
            )
        }
        // A null says the same as nothing.
        self.members = members.filter { $0.value != .null }
        for name in members.keys.sorted() where !known.contains(name) {
            refuse(name, "is not known here. Known are: \(known.joined(separator: ", ")).")
        }
    }

    mutating func refuse(_ field: String, _ message: String) {
        problems.append(FieldProblem(field: field, message: message))
    }

    mutating func string(_ field: String) -> String? {
        guard let value = members[field] else { return nil }
        guard case .string(let text) = value else {
            refuse(field, "must be a string, but it is \(value.kind).")
            return nil
        }
        return text
    }

    mutating func requiredString(_ field: String, _ example: String) -> String? {
        guard members[field] != nil else {
            refuse(field, "is missing. Give a string like \"\(example)\".")
            return nil
        }
        return string(field)
    }

    mutating func object(_ field: String) -> [String: JSONValue]? {
        guard let value = members[field] else { return [:] }
        guard case .object(let members) = value else {
            refuse(field, "must be an object, but it is \(value.kind).")
            return nil
        }
        return members
    }

    /// False if it is not there.
    mutating func boolean(_ field: String) -> Bool {
        guard let value = members[field] else { return false }
        guard case .bool(let truth) = value else {
            refuse(field, "must be true or false, but it is \(value.kind).")
            return false
        }
        return truth
    }

    /// One of the names of an enumeration.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ field: String,
        otherwise usual: Choice?
    ) -> Choice? where Choice.RawValue == String {
        guard members[field] != nil else { return usual }
        guard let text = string(field) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        refuse(field, "\"\(text.shortened)\" is not known. Known are: \(known).")
        return nil
    }

    mutating func symbol() -> Symbol? {
        guard let text = requiredString("symbol", "BTCUSDT") else { return nil }
        guard let symbol = Symbol(text) else {
            refuse("symbol", FieldRules.symbol(text))
            return nil
        }
        return symbol
    }

    mutating func exchange(otherwise usual: String) -> String? {
        guard members["exchange"] != nil else { return usual }
        guard let text = string("exchange") else { return nil }
        guard let exchange = FieldRules.exchange(text) else {
            refuse("exchange", FieldRules.exchangeRule(text))
            return nil
        }
        return exchange
    }

    mutating func interval() -> Interval? {
        let missing = members["interval"] == nil
        let interval: Interval? = choice("interval", otherwise: nil)
        if missing {
            let known = Interval.allCases.map(\.rawValue).joined(separator: ", ")
            refuse("interval", "is missing. Give one of: \(known).")
        }
        return interval
    }

    /// - Throws: ``Problem`` with everything that is wrong, if anything is.
    func finish() throws {
        guard problems.isEmpty else { throw Problem.invalidFields(problems) }
    }
}

extension JSONValue {
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
