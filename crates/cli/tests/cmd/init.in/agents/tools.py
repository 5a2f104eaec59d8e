from langchain.tools import tool


@tool
def delete_user(user_id):
    return user_id


@tool
def update_ticket(ticket_id):
    return ticket_id
