import FoundationEssentials

/// Reads what ``JSONTextEncoder`` has written.
///
/// Every strategy that is restored is read like this before it runs. Foundation's decoder takes three times as long; it is asked
/// for whatever cannot be read here, and so says what is wrong.
package enum JSONTextDecoder {
    package static func value<Value: Decodable>(_ type: Value.Type = Value.self, from text: String) throws -> Value {
        if let tree: JSONNode = try? JSONParser.parse(Array(text.utf8)), let value = try? JSONReader(tree).value(type) {
            return value
        }
        return try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
