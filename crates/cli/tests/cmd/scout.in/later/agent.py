from langchain.tools import tool


@tool
def read_ticket(id):
    ...


@tool
def purge_ticket(id):
    ...
