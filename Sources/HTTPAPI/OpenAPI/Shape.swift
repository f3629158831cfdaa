/// How a JSON value looks: a JSON Schema, with an example of it. Both are JSON texts.
struct Shape: Sendable {
    let schema: String
    let example: String

    init(_ schema: String, example: String) {
        self.schema = schema
        self.example = example
    }

    // MARK: Values

    static let boolean = Shape(#"{"type":"boolean"}"#, example: "false")
    static let id = Shape(#"{"type":"integer","format":"int64","minimum":1}"#, example: "42")
    static let count = Shape(#"{"type":"integer","format":"int64","minimum":0}"#, example: "7")
    static let integer = Shape(#"{"type":"integer","format":"int64"}"#, example: "120")
    /// An amount, exact.
    static let decimal = Shape(#"{"type":"string","pattern":"^-?[0-9]+(\\.[0-9]+)?$"}"#, example: #""1043.25""#)
    static let moment = Shape(#"{"type":"string","format":"date-time"}"#, example: #""2026-01-31T12:00:00.000Z""#)
    /// Any object: what is in it depends on something else.
    static let object = Shape(#"{"type":"object"}"#, example: #"{"symbol":"BTCUSDT"}"#)

    static func text(_ example: String) -> Shape {
        Shape(#"{"type":"string"}"#, example: JSONWriter.text(example))
    }

    static func text(_ example: String, pattern: String) -> Shape {
        Shape(#"{"type":"string","pattern":\#(JSONWriter.text(pattern))}"#, example: JSONWriter.text(example))
    }

    static func text(_ example: String, length: ClosedRange<Int>) -> Shape {
        Shape(
            #"{"type":"string","minLength":\#(length.lowerBound),"maxLength":\#(length.upperBound)}"#,
            example: JSONWriter.text(example)
        )
    }

    static func choice(_ values: [String]) -> Shape {
        let texts = values.map { JSONWriter.text($0) }
        return Shape(#"{"type":"string","enum":[\#(texts.joined(separator: ","))]}"#, example: texts.first ?? "null")
    }

    static func choice<Value: RawRepresentable & CaseIterable>(_: Value.Type) -> Shape where Value.RawValue == String {
        choice(Value.allCases.map(\.rawValue))
    }

    // MARK: Compounds

    static func array(of element: Shape) -> Shape {
        Shape(#"{"type":"array","items":\#(element.schema)}"#, example: "[\(element.example)]")
    }

    /// Or null.
    static func optional(_ value: Shape) -> Shape {
        Shape(#"{"anyOf":[\#(value.schema),{"type":"null"}]}"#, example: value.example)
    }

    /// An object of an answer. Later versions may add members: clients ignore those that they do not know.
    static func record(_ members: [(String, Shape)], sometimes: [(String, Shape)] = []) -> Shape {
        Shape(
            #"{"type":"object","required":[\#(names(members))],"properties":{\#(schemas(members + sometimes))}}"#,
            example: "{\(examples(members))}"
        )
    }

    /// An object of a request, with no other members than these. In an optional one null says the same as nothing.
    static func request(_ members: [(String, Shape)], optional: [(String, Shape)] = []) -> Shape {
        let optional = optional.map { ($0.0, Shape.optional($0.1)) }
        let required = members.isEmpty ? "" : #""required":[\#(names(members))],"#
        return Shape(
            #"{"type":"object",\#(required)"properties":{\#(schemas(members + optional))},"additionalProperties":false}"#,
            example: "{\(examples(members + optional))}"
        )
    }

    /// The same, with a word about it.
    func described(_ description: String) -> Shape {
        Shape(#"{"description":\#(JSONWriter.text(description)),\#(schema.dropFirst())"#, example: example)
    }

    /// The same, with another example.
    func like(_ example: String) -> Shape { Shape(schema, example: JSONWriter.text(example)) }

    private static func names(_ members: [(String, Shape)]) -> String {
        members.map { JSONWriter.text($0.0) }.joined(separator: ",")
    }

    private static func schemas(_ members: [(String, Shape)]) -> String {
        members.map { "\(JSONWriter.text($0.0)):\($0.1.schema)" }.joined(separator: ",")
    }

    private static func examples(_ members: [(String, Shape)]) -> String {
        members.map { "\(JSONWriter.text($0.0)):\($0.1.example)" }.joined(separator: ",")
    }
}

extension JSONWriter {
    /// A string as JSON text.
    static func text(_ string: String) -> String {
        var writer = JSONWriter()
        writer.string(string)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
