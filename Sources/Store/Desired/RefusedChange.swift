/// How the last error of a strategy begins that goes on with its old parameters because its mode does not take the new ones.
package enum RefusedChange {
    package static let beginning = "the new parameters are not taken over: "
}
