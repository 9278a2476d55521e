import ArgumentParser
struct Demo: AsyncParsableCommand {}
