import FoundationEssentials
public import Trading

extension ParameterSchema {
    /// The schema as JSON Schema (Draft 2020-12), for the API's description and for forms.
    ///
    /// Decimals are strings or numbers; their bounds bind the numbers by the standard's own words and the strings by ours.
    /// `x-kind`, `x-unit` and `x-order` are annotations that a form needs and the standard has no words for. Relations
    /// between fields cannot be said in JSON Schema; the server checks them.
    public var jsonSchema: JSONValue {
        var properties: [String: JSONValue] = [:]
        for (index, field) in fields.enumerated() { properties[field.name] = field.jsonSchema(order: index) }
        return .object([
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "type": .string("object"),
            "additionalProperties": .bool(false),
            "properties": .object(properties),
        ])
    }
}

extension ParameterField {
    fileprivate func jsonSchema(order: Int) -> JSONValue {
        var schema: [String: JSONValue] = [
            "description": .string(description),
            "default": defaultValue,
            "x-order": .integer(order),
        ]
        if let unit { schema["x-unit"] = .string(unit) }
        switch kind {
        case .integer(let bounds):
            schema["type"] = .string("integer")
            schema["x-kind"] = .string("integer")
            schema.merge(bounds.jsonSchema) { $1 }
        case .decimal(let bounds), .percent(let bounds):
            schema["type"] = .array([.string("string"), .string("number")])
            schema["pattern"] = .string(#"^[+-]?[0-9]+(\.[0-9]{1,8}0*)?$"#)
            if case .percent = kind {
                schema["x-kind"] = .string("percent")
            } else {
                schema["x-kind"] = .string("decimal")
            }
            schema.merge(bounds.jsonSchema) { $1 }
        case .boolean:
            schema["type"] = .string("boolean")
            schema["x-kind"] = .string("boolean")
        case .choice(let choices):
            schema["type"] = .string("string")
            schema["enum"] = .array(choices.map { .string($0) })
            schema["x-kind"] = .string("choice")
        }
        return .object(schema)
    }
}

extension ParameterBounds {
    fileprivate var jsonSchema: [String: JSONValue] {
        var schema: [String: JSONValue] = [:]
        if let minimum { schema[minimum.isInclusive ? "minimum" : "exclusiveMinimum"] = .schemaNumber(minimum.value) }
        if let maximum { schema[maximum.isInclusive ? "maximum" : "exclusiveMaximum"] = .schemaNumber(maximum.value) }
        return schema
    }
}
